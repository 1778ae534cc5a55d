import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as z from "zod";

/**
 * dissect.archive (AGPL-3.0, only run here and never shipped) reads archives of Proxmox with nothing of ours. Its source package
 * holds the beginning of a real one.
 */
const version = "dissect.archive==1.8";

/** What pip may take, by sha256. */
const wheels = [
  `${version} --hash=sha256:b0d81d81591fc0485eeacc98a81f1888640892b6cbbed1fd19fa946c4365229c`,
  "dissect.cstruct==4.7 --hash=sha256:0427621ce67baa3106df2dc63a320d0a7f5c2da88ba3faf2ef5886a1a6b458fd",
  "dissect.util==3.24 --hash=sha256:edca81239873a3bd6b5f0a702fc0fde453e9b3c2cce37f2c166cdd5e235ccd20",
];
const source = `${version} --hash=sha256:62faef53897e44f4279236c5c9c9ee2cec345b4741cbbd7987e47a333bca7146`;
const pieceSum = "ae113a05bc263fcff795f6902472821f860b7dabf817215ae79bc29204ba5f0d";

/** Somebody else's reader. */
export interface Reader {
  readonly python: string;
  /** The piece of a real archive, as it is in the package. */
  readonly piece: Buffer;
}

/** Gets it by pip once, into the user's cache. Decided before any test is declared: one that cannot run is skipped, and says why. */
export function obtainReader(): Reader | { readonly reason: string; readonly python: ""; readonly piece: Buffer } {
  const place = join(
    process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"),
    "lifeboat",
    "test",
    "dissect-archive-1.8",
  );
  try {
    if (!existsSync(place)) install(place);
    const piece = readFileSync(join(place, "test.vma.gz"));
    if (createHash("sha256").update(piece).digest("hex") !== pieceSum) throw new Error(`${place} holds another piece`);
    return { python: join(place, "venv/bin/python"), piece };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`skipped: ${version} cannot be had: ${reason.split("\n")[0] ?? ""}\n`);
    return { reason, python: "", piece: Buffer.alloc(0) };
  }
}

function install(place: string): void {
  mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(`${place}-`);
  chmodSync(folder, 0o700);
  try {
    // A venv does not move: its programs name the folder that it was made in, but for its Python, which finds it by its own place.
    run("python3", ["-m", "venv", join(folder, "venv")]);
    const python = join(folder, "venv/bin/python");
    writeFileSync(join(folder, "wheels.txt"), `${wheels.join("\n")}\n`);
    writeFileSync(join(folder, "source.txt"), `${source}\n`);
    const pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
    run(python, [...pip, "install", "--only-binary", ":all:", "--require-hashes", "-r", join(folder, "wheels.txt")]);
    const words = ["download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--dest", folder];
    run(python, [...pip, ...words, "-r", join(folder, "source.txt")]);
    const [archive = ""] = readdirSync(folder).filter((name) => name.endsWith(".tar.gz"));
    const piece = join(archive.replace(/\.tar\.gz$/u, ""), "tests/_data/test.vma.gz");
    run("tar", ["-xzf", join(folder, archive), "-C", folder, "--strip-components=3", "--", piece]);
    renameSync(folder, place);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(program: string, words: readonly string[]): string {
  return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 180_000 });
}

const answer = z.object({
  configurations: z.record(z.string(), z.string()),
  devices: z.array(z.object({ name: z.string(), size: z.number(), sha256: z.string() })),
});

const program = `
import hashlib, json, sys
from dissect.archive.vma import VMA
vma = VMA(open(sys.argv[1], "rb"))
def summed(device):
    stream, sum, left = device.open(), hashlib.sha256(), device.size
    while left:
        data = stream.read(min(left, 1 << 20))
        if not data: break
        sum.update(data); left -= len(data)
    return sum.hexdigest()
print(json.dumps({
    "configurations": {name: data.decode() for name, data in vma.configs().items()},
    "devices": [{"name": d.name, "size": d.size, "sha256": summed(d)} for d in vma.devices()],
}))
`;

/** What it reads in an archive without compression. */
export function readWith({ python }: Pick<Reader, "python">, path: string): z.infer<typeof answer> {
  return answer.parse(JSON.parse(run(python, ["-c", program, path])));
}
