import { run } from "./child-process";

/** Bytes of a file that are stored, from the first to the one behind the last. */
export interface DataRange {
  readonly start: number;
  readonly end: number;
}

/** SEEK_DATA and SEEK_HOLE, which Node cannot ask for. */
const listing = String.raw`
open(my $file, "<", $ARGV[0]) or die "$ARGV[0]: $!\n";
my $place = 0;
while (defined(my $data = sysseek($file, $place, 3))) {
  $place = sysseek($file, $data, 4) // die "$ARGV[0]: $!\n";
  printf "%d %d\n", $data, $place;
}
$!{ENXIO} or die "$ARGV[0]: $!\n";
`;

/**
 * Where a file is not a hole, in order. Where its file system knows no holes it is one range.
 *
 * @throws CommandFailed for a file that cannot be read
 */
export async function dataRanges(file: string): Promise<DataRange[]> {
  const lines = (await run("perl", ["-e", listing, file])).split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [start = 0, end = 0] = line.split(" ").map(Number);
    return { start, end };
  });
}
