#!/usr/bin/perl
# unretain.pl ARCHIVE: lets the linker drop the functions of a static Swift library that nobody calls.
#
# Swift marks every public symbol of a library as used, which becomes SHF_GNU_RETAIN on its section, and then
# --gc-sections keeps all of them. In a static program only what is reached by a relocation can be reached at
# all, apart from the tables that the runtime walks from their start to their end: those stay retained.
# objcopy cannot clear this flag. Nothing changes its size or place, so the archive is edited as it stands.
use strict;
use warnings;

use constant {SHF_GNU_RETAIN => 1 << 21, EI_CLASS_64_LE => "\x7fELF\x02\x01"};

# Walked by the runtime (SwiftRT-ELF.cpp): conformances, protocols, types by name, replacements.
my $walked = qr/^swift5_(?:protocols|protocol_conformances|type_metadata|type_metadata_2|replace|replac2
    |accessible_functions|runtime_attributes|tests|entry)$/x;

my $path = shift // die "usage: unretain.pl ARCHIVE\n";
open my $file, '+<:raw', $path or die "unretain.pl: $path: $!\n";
my $archive = do { local $/; <$file> };
die "unretain.pl: $path is no archive\n" unless substr($archive, 0, 8) eq "!<arch>\n";

my $cleared = 0;
for (my $at = 8; $at + 60 <= length $archive;) {
    my $size = int substr $archive, $at + 48, 10;
    clear_member($at + 60) if substr($archive, $at + 60, 6) eq EI_CLASS_64_LE;
    $at += 60 + $size + $size % 2;
}
die "unretain.pl: $path has no retained section: has the toolchain changed?\n" unless $cleared;
seek $file, 0, 0;
print {$file} $archive or die "unretain.pl: $path: $!\n";
close $file or die "unretain.pl: $path: $!\n";

# clear_member(offset of an ELF file): elf(5), Elf64_Ehdr and Elf64_Shdr.
sub clear_member {
    my ($elf) = @_;
    my ($headers) = unpack 'Q<', substr $archive, $elf + 0x28, 8;
    my ($entry, $count, $names) = unpack 'S<3', substr $archive, $elf + 0x3a, 6;
    my $header = sub { $elf + $headers + $_[0] * $entry };
    # Too many for 16 bits: the first header says how many, and which one holds the names.
    ($count) = unpack 'Q<', substr $archive, $header->(0) + 0x20, 8 if $count == 0;
    ($names) = unpack 'L<', substr $archive, $header->(0) + 0x28, 4 if $names == 0xffff;
    my ($strings) = unpack 'Q<', substr $archive, $header->($names) + 0x18, 8;
    for my $index (0 .. $count - 1) {
        my $flags = unpack 'Q<', substr $archive, $header->($index) + 8, 8;
        next unless $flags & SHF_GNU_RETAIN;
        my $name = unpack 'L<', substr $archive, $header->($index), 4;
        next if unpack('Z*', substr $archive, $elf + $strings + $name, 64) =~ $walked;
        substr($archive, $header->($index) + 8, 8) = pack 'Q<', $flags & ~SHF_GNU_RETAIN;
        $cleared++;
    }
}
