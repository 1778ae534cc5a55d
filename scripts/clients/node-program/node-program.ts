import { streamReader } from "./stream";
import { tarCheck } from "./tar-check";
import { vmaCheck } from "./vma-check";

const beginning = String.raw`#!/usr/bin/perl
use strict; use warnings; use Digest::MD5 qw(md5); use Fcntl qw(:DEFAULT); use POSIX ();
$SIG{PIPE} = "IGNORE";
my (@children, @ends);
sub finish { kill "TERM", @children if @children; POSIX::_exit(0) }
# Nobody hears it: nobody waits for the rest.
sub tell_line { my $line = "$_[0]\n"; $line =~ s/[\r\n]+(?!\z)/ /g; defined syswrite(STDOUT, $line) or finish() }
sub unread { tell_line("unread $_[0]"); finish() }
sub hear {
  my $ready = ""; vec($ready, 0, 1) = 1;
  return unless select($ready, undef, undef, 0);
  my $got = sysread(STDIN, my $bytes, 65536);
  finish() if defined $got && $got == 0;
}
sub asked {
  if (!defined $ENV{SSH_ORIGINAL_COMMAND} || $0 eq "-") {
    my $idle = @ARGV && $ARGV[0] eq "--idle" ? shift @ARGV : "";
    return (shift @ARGV, $idle, 0);
  }
  my $folders = join "|", map { quotemeta(s{/+\z}{}r) } @ARGV;
  my $name = qr{[A-Za-z0-9_][A-Za-z0-9_.+-]*\.(?:tgz|(?:tar|vma)(?:\.(?:zst|gz|lzo|bz2))?)};
  if ($folders eq "" || $ENV{SSH_ORIGINAL_COMMAND} !~ m{\Aperl - (--idle )?((?:$folders)/$name)\z}) {
    print STDERR "this key reads archives of vzdump in the folders that it is limited to, and does nothing else\n";
    POSIX::_exit(13);
  }
  return ($2, $1 // "", 1);
}
`;

const main = String.raw`
my ($path, $idle, $forced) = asked();
if ($idle ne "") {
  setpriority(0, 0, 19);
  my $pid = fork();
  if (defined $pid && !$pid) {
    open(STDERR, ">", "/dev/null");
    exec "ionice", "-c3", "-p", getppid() or POSIX::_exit(0);
  }
  waitpid($pid, 0) if $pid;
}
tell_line("lifeboat-archive 1");
# Nobody writes into a pipe that lies there: without O_NONBLOCK it would be waited for.
sysopen(my $file, $path, O_RDONLY | O_NONBLOCK | ($forced ? O_NOFOLLOW : 0)) or unread("it cannot be opened: $!");
unread("it is no file") unless -f $file;
my @before = stat($file);
tell_line("size $before[7]");
sub ends { pipe(my $out, my $in) or unread("no pipe: $!"); fcntl($in, 1031, 1 << 20); push @ends, $out, $in; return ($out, $in) }
sub child {
  my ($input, $output, $errors, $work) = @_;
  my $pid = fork(); unread("no process: $!") unless defined $pid;
  if ($pid) { push @children, $pid; return $pid }
  open(STDIN, "<&", $input); open(STDOUT, ">&", $output); open(STDERR, ">&", $errors) if $errors;
  close $_ for @ends, $file;
  $SIG{PIPE} = "DEFAULT";
  $work->(); close STDOUT;
  POSIX::_exit(0);
}
sub runs { my @command = @_; return sub {
  { no warnings; exec { $command[0] } @command }
  print STDERR "$command[0] is not installed"; POSIX::_exit(127);
} }
my %readers = (zst => ["zstd", "-dcq"], gz => ["gzip", "-dcq"], tgz => ["gzip", "-dcq"], lzo => ["lzop", "-dcq"], bz2 => ["bzip2", "-dcq"]);
my ($format, $packed) = $path =~ /\.(tgz|tar|vma)(?:\.(zst|gz|lzo|bz2))?\z/ or unread("it is no archive of vzdump");
my $reader = $readers{$packed // $format};
# zstd and gzip unpack what others have packed as well, and say nothing of it. A frame of zstd that is passed over has another word.
my %begins = (zst => qr{\A(?:\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)}, gz => qr{\A\x1f\x8b}, tgz => qr{\A\x1f\x8b}, lzo => qr{\A\x89LZO}, bz2 => qr{\ABZh});
my $begins = $begins{$packed // $format};
my ($to_sum_in, $to_sum) = ends();
my ($sum_result, $sum_write) = ends();
my ($errors_out, $errors_in) = ends();
my $summer = child($to_sum_in, $sum_write, $errors_in, runs("sha256sum"));
my ($check_in, $to_check) = ends();
my ($told_out, $told_in) = ends();
my ($why_out, $why_in) = ends();
my $unpacker;
if ($reader) {
  my ($plain_out, $plain_in) = ends();
  $unpacker = child($check_in, $plain_in, $why_in, runs(@$reader));
  $check_in = $plain_out;
}
my $checker = child($check_in, $told_in, undef, sub {
  fill(512);
  my $is_machine = substr(peek(), 0, 4) eq "VMA\0";
  bad("it is no archive of a virtual machine") if !$is_machine && $format eq "vma" && !head_is_sound(peek());
  print "format ", $is_machine ? "vma" : "tar", "\n";
  if ($is_machine) { check_vma() } else { check_tar() }
  1 while pass(1 << 30);
  print "whole\n";
});
close $_ for grep { $_ != $to_sum && $_ != $to_check && $_ != $sum_result && $_ != $told_out && $_ != $why_out } @ends;
sub put {
  my ($to, $bytes) = @_; my $done = 0;
  while ($$to && $done < length($bytes)) {
    my $wrote = syswrite($$to, $bytes, length($bytes) - $done, $done);
    if (defined $wrote) { $done += $wrote } elsif (!$!{EINTR}) { close $$to; $$to = undef }
  }
}
my ($at, $told, $broken, $is_lost, $is_other_kind) = (0, time, undef, 0, 0);
while (1) {
  hear();
  my $got = sysread($file, my $block, 1 << 20);
  next if !defined $got && $!{EINTR};
  ($broken, $is_lost) = ("it cannot be read: $!", $!{EIO}) unless defined $got;
  last unless $got;
  $is_other_kind = 1 if $at == 0 && defined $begins && $block !~ $begins;
  put(\$to_check, $block); put(\$to_sum, $block);
  $at += $got;
  if (time != $told) { $told = time; tell_line("at $at") }
}
# What the disk has lost is damage; that a connection to a storage is gone says nothing of the archive.
unread($broken) if defined $broken && !$is_lost;
$_ && close $_ for $to_check, $to_sum;
# What is in the pipes takes a moment: whoever has gone meanwhile is not waited for.
sub ended { my ($pid) = @_; while (waitpid($pid, POSIX::WNOHANG()) == 0) { hear(); select(undef, undef, undef, 0.005) } return $? }
sub slurp { local $/; return readline($_[0]) // "" }
my ($how_summed, $how_checked, $how_unpacked) = map { $_ ? ended($_) : 0 } $summer, $checker, $unpacker;
@children = ();
my ($sum, $said, $why) = map { slurp($_) } $sum_result, $told_out, $why_out;
$why =~ s/\s+\z//; $why =~ s/^.*\n//s; $why =~ s{(?:/\*stdin\*\\|[<(]?stdin[>)]?) *: *}{};
# What lzop says of a file that ends too early is what the system said last of anything.
$why = "lzop: unexpected end of file" if $why =~ /^lzop: Inappropriate ioctl/;
unread("$why on the node") if $how_unpacked >> 8 == 127;
# That the node has ended it, or has no memory for it, says nothing of the archive. SIGPIPE: the check has found enough.
my $signal = $how_unpacked & 127;
unread("$reader->[0] was ended by signal $signal on the node") if $signal && $signal != POSIX::SIGPIPE();
unread("$why, on the node") if $how_unpacked && $why =~ /not enough memory|cannot allocate memory|out of memory|memory exhausted/i;
my @opened = stat($file);
my @after = stat($path);
# Another file may have taken its place that is as large and as old.
my $is_other = !@after || $after[0] != $opened[0] || $after[1] != $opened[1];
tell_line("changed") if $is_other || $after[7] != $before[7] || $after[9] != $before[9] || $at != $before[7];
my ($sha256) = $how_summed == 0 && !defined $broken ? $sum =~ /\A([0-9a-f]{64}) / : ();
tell_line("sha256 $sha256") if defined $sha256;
tell_line($1) if $said =~ /^(configuration [0-9a-f]*)$/m;
tell_line($1) if $said =~ /^(format \w+)$/m;
(my $log = $path) =~ s/\.(?:tgz|(?:tar|vma)(?:\.[a-z0-9]+)?)\z/.log/;
if (sysopen(my $text, $log, O_RDONLY | ($forced ? O_NOFOLLOW : 0))) {
  sysseek($text, -65536, 2) if -s $text > 65536;
  sysread($text, my $bytes, 65536);
  tell_line("log " . unpack("H*", $bytes // ""));
} elsif ($!{ENOENT}) { tell_line("no-log") }
if ($before[7] == 0) { tell_line("damaged it is empty") }
elsif (defined $broken) { tell_line("damaged $broken") }
elsif ($how_unpacked >> 8) { tell_line("damaged " . ($why eq "" ? "it cannot be unpacked" : $why)) }
elsif ($said =~ /^(damaged .*)$/m) { tell_line($1) }
elsif ($is_other_kind) { tell_line("damaged its name says that $reader->[0] has packed it, and another program has") }
elsif ($said !~ /^whole$/m || $how_checked != 0) { tell_line("unread what checks it ended without a word") }
elsif (!defined $sha256) { tell_line("unread sha256sum told no sum of it on the node") }
else { tell_line("whole") }
finish();
__END__
`;

/**
 * The program that reads an archive on its node: one pass over the disk gives the sum of the file as it is stored, the
 * decompressor's checksum, and the check of what is inside. Each Proxmox node has Perl, and nothing is installed there for it.
 *
 * It runs in two ways, and is the same text in both:
 *
 * - over SSH with an ordinary key, as `perl - PATH` with this text on its standard input;
 * - as the forced command of a key, from a file on the node with the folders of archives as arguments. Then the command that
 *   was asked for must be that line exactly, with an archive in one of the folders; no shell ever sees it.
 *
 * Standard input stays open as long as the one who asks is there. Its end ends the program and all that it has started.
 * It prints lines of a word and a value; texts are in hexadecimal.
 */
export const nodeProgram = [beginning, streamReader, tarCheck, vmaCheck, main].join("");
