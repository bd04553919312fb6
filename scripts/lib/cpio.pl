#!/usr/bin/perl
# cpio.pl pack DIRECTORY: writes an archive for an initramfs (newc) to standard output; everything belongs to root.
# cpio.pl unpack DIRECTORY FILE...: lays initramfs archives over each other, as the kernel does; no device nodes.
# cpio.pl compression FILE: names how the last archive in FILE is compressed.
#
# Source: Documentation/driver-api/early-userspace/buffer-format.rst; init/initramfs.c.
use strict;
use warnings;
use File::Find;
use File::Path qw(make_path);
use IPC::Open2;

my %unpacker = (
    gzip => ["\x1f\x8b", qw(gzip -dcq)], xz => ["\xfd7zXZ", qw(xz -dcq)], zstd => ["\x28\xb5\x2f\xfd", qw(zstd -dcq)],
    lz4 => ["\x02\x21\x4c\x18", qw(lz4 -dcq)], bzip2 => ["BZh", qw(bzip2 -dcq)], lzop => ["\x89LZO", qw(lzop -dcq)],
    lzma => ["\x5d\x00\x00", qw(xz --format=lzma -dcq)]);

my ($what, $directory, @files) = @ARGV;
die "usage: cpio.pl pack DIRECTORY | unpack DIRECTORY FILE... | compression FILE\n" unless defined $directory;
my $compression = 'none';
if ($what eq 'pack') { pack_tree($directory) }
elsif ($what eq 'unpack') { unpack_archives(content($_), $_) for @files }
elsif ($what eq 'compression') { unpack_archives(content($directory), $directory); print "$compression\n" }
else { die "cpio.pl: $what: unknown\n" }

sub content {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "cpio.pl: $path: $!\n";
    local $/;
    return scalar <$file>;
}

sub unpack_archives {
    my ($bytes, $path) = @_;
    my $at = 0;
    while ($at < length $bytes) {
        if (substr($bytes, $at, 1) eq "\0") { $at++; next }
        if (substr($bytes, $at, 5) eq '07070') { $at = unpack_entries($bytes, $at, $path); next }
        my ($name) = grep { index(substr($bytes, $at, 8), $unpacker{$_}[0]) == 0 } sort keys %unpacker;
        die "cpio.pl: $path: at byte $at there is neither an archive nor a compression that the kernel knows\n"
            unless defined $name;
        $compression = $name;
        my (undef, @command) = @{$unpacker{$name}};
        unpack_archives(through(substr($bytes, $at), @command), $path);
        return;
    }
}

# through BYTES COMMAND: what COMMAND makes of BYTES; from a file, so that neither side waits for the other.
sub through {
    my ($bytes, @command) = @_;
    open my $file, '+>:raw', undef or die "cpio.pl: $!\n";
    print {$file} $bytes;
    seek $file, 0, 0;
    open my $in, '<&', $file or die "cpio.pl: $!\n";
    my $pid = open2(my $out, '<&' . fileno $in, @command);
    binmode $out;
    local $/;
    my $result = <$out>;
    waitpid $pid, 0;
    die "cpio.pl: $command[0] failed\n" unless $? == 0;
    return $result;
}

# Names and sizes come from the archive: nothing is written outside of the directory.
sub unpack_entries {
    my ($bytes, $at, $path) = @_;
    my %links;
    while (1) {
        my $header = substr $bytes, $at, 110;
        die "cpio.pl: $path: damaged at byte $at\n" unless $header =~ /^07070[12][0-9a-fA-F]{104}$/;
        my ($inode, $mode, undef, undef, $count, undef, $size, undef, undef, undef, undef, $length) =
            map { hex } unpack 'x6 (a8)12', $header;
        my $name = substr $bytes, $at + 110, $length - 1;
        my $data = ($at + 110 + $length + 3) & ~3;
        $at = ($data + $size + 3) & ~3;
        return $at if $name eq 'TRAILER!!!';
        next if $what ne 'unpack';
        die "cpio.pl: $path: $name leads out of it\n" if grep { $_ eq '..' } split m{/}, $name;
        my $target = "$directory/$name";
        my $type = $mode & 0170000;
        # As the kernel does: what is of another kind goes.
        my $old = (lstat $target)[2];
        if (defined $old && ($old & 0170000) != $type) { -d _ ? rmdir $target : unlink $target }
        if ($type == 0040000) { make_path($target); chmod $mode & 07777 | 0700, $target }
        elsif ($type == 0120000) { unlink $target; symlink substr($bytes, $data, $size), $target or die "cpio.pl: $target: $!\n" }
        elsif ($type == 0100000) {
            my $first = $links{$inode};
            if ($count > 1 && defined $first && $size == 0) { link $first, $target; next }
            unlink $target;
            open my $file, '>:raw', $target or die "cpio.pl: $target: $!\n";
            print {$file} substr $bytes, $data, $size;
            close $file or die "cpio.pl: $target: $!\n";
            chmod $mode & 07777, $target;
            $links{$inode} = $target if $count > 1;
        }
    }
}

sub pack_tree {
    my ($tree) = @_;
    binmode STDOUT;
    my (@names, $inode);
    find({no_chdir => 1, wanted => sub { push @names, substr $_, 1 + length $tree if $_ ne $tree }}, $tree);
    for my $name (sort @names) {
        my $path = "$tree/$name";
        my $mode = (lstat $path)[2];
        my $data = -l _ ? readlink $path : -f _ ? content($path) : '';
        entry($name, $mode, ++$inode, $data);
    }
    entry('TRAILER!!!', 0, 0, '');
}

sub entry {
    my ($name, $mode, $inode, $data) = @_;
    my $head = '070701' . join '', map { sprintf '%08x', $_ }
        $inode, $mode, 0, 0, 1, 0, length $data, 0, 0, 0, 0, 1 + length $name, 0;
    print padded("$head$name\0"), padded($data);
}

sub padded { my ($bytes) = @_; return $bytes . "\0" x (-length($bytes) % 4) }
