/**
 * The part of the node's program that reads a container's archive to its last block: the checksum of every header, that each
 * member has its content, the two empty blocks at the end, and the guest's configuration.
 *
 * `tar -t` takes an archive that is cut off between two members for a whole one. Nor does tar have a checksum over contents: a bit
 * turned over there is found by the compressor's checksum, or by a sum that was recorded before. The formats: GNU tar's
 * `tar.h` (old sparse files, numbers in base 256), and pax with `size`. Proxmox finds the configuration by its name with `./` only
 * (`recover_config` of PVE::LXC::Create).
 */
export const tarCheck = String.raw`
my $cut = "it ends without the two empty blocks that end a tar archive: it is cut off";
sub number {
  my ($field) = @_;
  if (ord($field) & 0x80) {
    my $value = ord($field) & 0x3f;
    $value = $value * 256 + $_ for unpack("C*", substr($field, 1));
    return $value;
  }
  return $field =~ /^[ \0]*([0-7]*)[ \0]*$/ ? oct($1 || 0) : undef;
}
sub head_is_sound {
  my ($head) = @_; my $told = number(substr($head, 148, 8));
  return defined $told && $told == unpack("%32C*", substr($head, 0, 148)) + 256 + unpack("%32C*", substr($head, 156));
}
sub text { my ($field) = @_; $field =~ s/\0.*//s; return $field }
sub pax_records {
  my ($text) = @_; my %found;
  while ($text =~ /\G(\d+) /gc) {
    my $record = substr($text, pos($text), $1 - length($1) - 1); pos($text) += length($record);
    $found{$1} = $2 if $record =~ /^([^=]+)=(.*)\n\z/s;
  }
  return %found;
}
sub check_tar {
  my ($configured, $first, $long, %pax) = (0, 1, undef);
  while (1) {
    my $head = take(512);
    bad($cut) if $head eq "";
    bad("it ends within a header") if length($head) < 512;
    if ($head eq "\0" x 512) {
      bad($cut) unless take(512) eq "\0" x 512;
      last;
    }
    bad($first ? "it is no tar archive" : "the checksum of a header is wrong") unless head_is_sound($head);
    $first = 0;
    my ($type, $size) = (substr($head, 156, 1), number(substr($head, 124, 12)));
    bad("a header tells no size") unless defined $size;
    my $name = text(substr($head, 0, 100));
    if ($type =~ /[xgLK]/) {
      bad("a header tells too large a size") if $size > 1 << 24;
      my $bytes = take($size);
      bad("it ends within the name of a member") if length($bytes) < $size || !pass(-$size % 512);
      %pax = pax_records($bytes) if $type eq "x";
      $long = text($bytes) if $type eq "L";
      next;
    }
    $name = $pax{path} // $long // $name; $size = $pax{size} if defined $pax{size} && $pax{size} =~ /^\d+\z/;
    $size = 0 if $type =~ /[1-6]/;
    if ($type eq "S") {
      my $more = substr($head, 482, 1);
      while ($more ne "\0") {
        my $map = take(512);
        bad("it ends within $name") if length($map) < 512;
        $more = substr($map, 504, 1);
      }
    }
    if ($name =~ m{^\./etc/vzdump/(?:pct|vps)\.conf\z} && !$configured && $size <= 1 << 18) {
      my $bytes = take($size);
      bad("it ends within its configuration") if length($bytes) < $size;
      configuration($bytes); $configured = 1;
    } else {
      bad("it ends within $name") unless pass($size);
    }
    bad("it ends within $name") unless pass(-$size % 512);
    ($long, %pax) = (undef);
  }
  bad("it holds no configuration (./etc/vzdump/pct.conf)") unless $configured;
}
`;
