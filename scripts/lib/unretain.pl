#!/usr/bin/perl
# unretain.pl FILE...: lets the linker drop the functions of Swift that nobody calls, in archives and objects.
#
# Swift marks every symbol that another module may use as used, which becomes SHF_GNU_RETAIN on its section, and
# then --gc-sections keeps all of them. In a static program only what is reached by a relocation can be reached at
# all, apart from the tables that the runtime walks from their start to their end: those stay retained.
# objcopy cannot clear this flag. Nothing changes its size or place, so a file is edited as it stands.
use strict;
use warnings;

use constant {SHF_GNU_RETAIN => 1 << 21, ARCHIVE => "!<arch>\n", ELF_64_LE => "\x7fELF\x02\x01"};

# Walked by the runtime (SwiftRT-ELF.cpp): conformances, protocols, types by name, replacements.
my $walked = qr/^swift5_(?:protocols|protocol_conformances|type_metadata|type_metadata_2|replace|replac2
    |accessible_functions|runtime_attributes|tests|entry)$/x;

my ($content, $cleared) = ('', 0);
die "usage: unretain.pl FILE...\n" unless @ARGV;
clear_file($_) for @ARGV;
die "unretain.pl: no section was retained in $ARGV[0]: has the toolchain changed?\n" unless $cleared;

sub clear_file {
    my ($path) = @_;
    open my $file, '+<:raw', $path or die "unretain.pl: $path: $!\n";
    $content = do { local $/; <$file> };
    if (substr($content, 0, 8) eq ARCHIVE) {
        for (my $at = 8; $at + 60 <= length $content;) {
            my $size = int substr $content, $at + 48, 10;
            clear_member($at + 60) if substr($content, $at + 60, 6) eq ELF_64_LE;
            $at += 60 + $size + $size % 2;
        }
    } elsif (substr($content, 0, 6) eq ELF_64_LE) {
        clear_member(0);
    } else {
        die "unretain.pl: $path is neither an archive nor an object\n";
    }
    seek $file, 0, 0;
    print {$file} $content or die "unretain.pl: $path: $!\n";
    close $file or die "unretain.pl: $path: $!\n";
}

# clear_member(offset of an ELF file): elf(5), Elf64_Ehdr and Elf64_Shdr.
sub clear_member {
    my ($elf) = @_;
    my ($headers) = unpack 'Q<', substr $content, $elf + 0x28, 8;
    my ($entry, $count, $names) = unpack 'S<3', substr $content, $elf + 0x3a, 6;
    my $header = sub { $elf + $headers + $_[0] * $entry };
    # Too many for 16 bits: the first header says how many, and which one holds the names.
    ($count) = unpack 'Q<', substr $content, $header->(0) + 0x20, 8 if $count == 0;
    ($names) = unpack 'L<', substr $content, $header->(0) + 0x28, 4 if $names == 0xffff;
    my ($strings) = unpack 'Q<', substr $content, $header->($names) + 0x18, 8;
    for my $index (0 .. $count - 1) {
        my $flags = unpack 'Q<', substr $content, $header->($index) + 8, 8;
        next unless $flags & SHF_GNU_RETAIN;
        my $name = unpack 'L<', substr $content, $header->($index), 4;
        next if unpack('Z*', substr $content, $elf + $strings + $name, 64) =~ $walked;
        substr($content, $header->($index) + 8, 8) = pack 'Q<', $flags & ~SHF_GNU_RETAIN;
        $cleared++;
    }
}
