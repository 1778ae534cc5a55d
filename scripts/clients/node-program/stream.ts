/**
 * The part of the node's program by which a checker takes its standard input to pieces: in large reads, since archives have
 * gigabytes, and without ever holding more than a piece of it.
 */
export const streamReader = String.raw`
my ($buffer, $place, $ended) = ("", 0, 0);
sub bad { my $why = $_[0]; $why =~ s/[\r\n]+/ /g; print "damaged $why\n"; close STDOUT; POSIX::_exit(0) }
sub fill {
  my ($size) = @_;
  while (!$ended && length($buffer) - $place < $size) {
    if ($place > 0) { substr($buffer, 0, $place, ""); $place = 0 }
    my $got = sysread(STDIN, $buffer, 1 << 20, length($buffer));
    bad("it cannot be read: $!") unless defined $got;
    $ended = 1 unless $got;
  }
}
sub take {
  my ($size) = @_; fill($size);
  my $bytes = substr($buffer, $place, $size); $place += length($bytes);
  return $bytes;
}
sub peek { return substr($buffer, $place, 512) }
# Whether there were so many bytes to pass over.
sub pass {
  my ($size) = @_;
  while ($size > 0) {
    fill(1); my $there = length($buffer) - $place;
    return 0 if $there <= 0;
    my $step = $there < $size ? $there : $size;
    $place += $step; $size -= $step;
  }
  return 1;
}
sub configuration {
  bad("its configuration is empty") unless $_[0] =~ /^[^#\s\0]/m;
  print "configuration ", unpack("H*", substr($_[0], 0, 1 << 18)), "\n";
}
`;
