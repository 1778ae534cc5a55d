/**
 * The part of the node's program that reads a virtual machine's archive to the last byte: both kinds of checksum, and that
 * every cluster of every disk is there exactly once.
 *
 * Proxmox restores none whose configuration and disks do not name each other. A running machine's memory (`vmstate`) is no disk:
 * it is read one cluster after the other, however long it is.
 *
 * What a VMA archive does not have is a checksum over the disks' content: a bit turned over there is found by the compressor's
 * checksum, or by a sum that was recorded before. The format: vma_spec.txt of pve-qemu.
 */
export const vmaCheck = String.raw`
sub summed {
  my ($bytes, $place) = @_; my $sum = substr($bytes, $place, 16);
  substr($bytes, $place, 16) = "\0" x 16;
  return md5($bytes) eq $sum;
}
sub check_map {
  my ($text, @held) = @_;
  my %mapped = map { /^#qmdump#map:([^:\s]+):([^:\s]+):/ ? ($2 => $1) : () } split /\n/, $text;
  return unless %mapped;
  my %held = map { $_ => 1 } @held;
  for my $device (sort keys %mapped) { bad("it holds no data of $mapped{$device}, which its configuration names") unless $held{$device} }
  for my $device (sort @held) { bad("its configuration does not tell which disk $device is") unless exists $mapped{$device} }
}
sub check_vma {
  my $head = take(12288);
  bad("it ends within its header") if length($head) < 12288;
  my $size = unpack("N", substr($head, 56, 4));
  bad("the size of its header is wrong") if $size < 12288 || $size > 8388608;
  $head .= take($size - 12288);
  bad("it ends within its header") if length($head) < $size;
  bad("the checksum of its header is wrong") unless summed($head, 32);
  my $uuid = substr($head, 8, 16); my $blobs = unpack("N", substr($head, 48, 4));
  my $blob = sub {
    my ($offset) = @_; my $length = unpack("v", substr($head, $blobs + $offset, 2));
    return substr($head, $blobs + $offset + 2, $length);
  };
  my ($configured) = grep {
    my $at = unpack("N", substr($head, 2044 + 4 * $_, 4));
    $at && $blob->($at) eq "qemu-server.conf\0";
  } 0 .. 255;
  bad("it has no configuration") unless defined $configured;
  my $text = $blob->(unpack("N", substr($head, 3068 + 4 * $configured, 4)));
  configuration($text);
  my (%name, %clusters, %seen, %found);
  for my $id (1 .. 255) {
    my ($at, undef, $bytes) = unpack("NNQ>", substr($head, 4096 + 32 * $id, 16));
    next unless $at;
    ($name{$id} = $blob->($at)) =~ s/\0$//;
    ($clusters{$id}, $seen{$id}, $found{$id}) = (int(($bytes + 65535) / 65536), "", 0);
  }
  check_map($text, grep { $_ ne "vmstate" } values %name);
  while ((my $extent = take(512)) ne "") {
    bad("it ends within an extent") if length($extent) < 512;
    bad("an extent does not begin where it should") unless substr($extent, 0, 4) eq "VMAE";
    bad("the checksum of an extent is wrong") unless summed($extent, 24);
    bad("an extent is of another archive") unless substr($extent, 8, 16) eq $uuid;
    my $blocks = unpack("n", substr($extent, 6, 2)); my $listed = 0;
    for my $entry (0 .. 58) {
      my ($mask, $id, $cluster) = unpack("nxCN", substr($extent, 40 + 8 * $entry, 8));
      next unless $id;
      bad("an extent names disk $id, which is not in the header") unless exists $clusters{$id};
      bad("cluster $cluster is beyond the end of $name{$id}") if $cluster >= $clusters{$id} && $name{$id} ne "vmstate";
      bad("cluster $cluster of $name{$id} is there twice") if vec($seen{$id}, $cluster, 1);
      vec($seen{$id}, $cluster, 1) = 1; $found{$id}++;
      $listed += unpack("%32b*", pack("n", $mask));
    }
    bad("an extent has other blocks than it lists") if $listed != $blocks;
    bad("it ends within an extent") unless pass($blocks * 4096);
  }
  for my $id (sort { $a <=> $b } keys %clusters) {
    my $missing = $clusters{$id} - $found{$id};
    my $what = vec($seen{$id}, $clusters{$id} - 1, 1) ? "" : "it is cut off: ";
    bad("$what$missing of $clusters{$id} clusters of $name{$id} are missing") if $missing;
  }
}
`;
