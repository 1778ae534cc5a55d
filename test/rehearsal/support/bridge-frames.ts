import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { typeScript } from "./commands";
import type { DemoSite } from "./demo-site";

/** Who has sent something to whom over a bridge of a site, by MAC address in capitals. */
export interface Frame {
  readonly bridge: string;
  readonly from: string;
  readonly to: string;
}

/**
 * Reads every frame of every device in the site's network, by a packet socket of all protocols, and prints each pair of addresses on
 * a bridge once. A bridge that is promiscuous shows what it only forwards. Perl, since every Debian has it: 17 is AF_PACKET, 3
 * ETH_P_ALL and SOCK_RAW, 263 SOL_PACKET, and 1 PACKET_ADD_MEMBERSHIP of PACKET_MR_PROMISC.
 */
const program = String.raw`
$| = 1;
my %name = map { /^(\d+): (vmbr\d+)/ ? ($1 => $2) : () } qx(ip -o link show);
socket(my $socket, 17, 3, unpack("S", pack("n", 3))) or die "socket: $!";
for my $index (keys %name) {
  setsockopt($socket, 263, 1, pack("iSSa8", $index, 1, 0, "")) or die "promiscuous: $!";
}
print "reading\n";
my %seen;
while (my $sender = recv($socket, my $frame, 64, 0)) {
  my (undef, undef, $index) = unpack("SnI", $sender);
  my ($to, $from) = map { uc join ":", unpack("(H2)*", $_) } unpack("a6 a6", $frame);
  print "$name{$index} $from $to\n" if defined $name{$index} && !$seen{"$index $from $to"}++;
}
`;

/** Frames on the bridges that a site has at this moment, until it is stopped. */
export class BridgeFrames {
  private readonly seen: Frame[] = [];

  private constructor(private readonly child: ChildProcess) {}

  static async read(site: DemoSite): Promise<BridgeFrames> {
    const words = [...typeScript("test/sandbox/sandbox.ts"), "exec", "perl", "-e", program];
    const env = { ...process.env, LIFEBOAT_SANDBOX_DIR: site.folder };
    const child = spawn(process.execPath, words, { env, stdio: ["ignore", "pipe", "inherit"] });
    const frames = new BridgeFrames(child);
    const lines = createInterface({ input: child.stdout });
    await new Promise<void>((done, reject) => {
      child.once("exit", (code) => reject(new Error(`the capture has ended with ${String(code)}`)));
      lines.on("line", (line) => {
        const [bridge = "", from = "", to = ""] = line.split(" ");
        if (bridge === "reading") done();
        else frames.seen.push({ bridge, from, to });
      });
    });
    return frames;
  }

  /** @throws Error where it has ended before: what it did not see proves nothing */
  async stop(): Promise<readonly Frame[]> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) throw new Error("the capture has ended early");
    this.child.kill("SIGTERM");
    await once(this.child, "close");
    return this.seen;
  }
}
