import { chmodSync, cpSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../../machine/child-process";
import { sha256Of } from "../../machine/files";
import { builtOnce } from "./built-once";
import { type ImageSettings, type Layer } from "./container-image";
import { unpackDebian } from "./debian-packages";

/** An image made of files of a Debian package or a tar archive. */
interface SiteImage {
  /** Name on the registry: that of the official image, which has the same programs at the same places. */
  readonly repository: string;
  readonly from: { readonly package: string } | { readonly archive: string };
  /** Files of it, by their places in the image. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders that the image's user owns. */
  readonly written: readonly string[];
  readonly settings: ImageSettings;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** `nobody`, as whom the official images run, and what they keep. */
function service(port: number, program: string, words: readonly string[], data?: string): ImageSettings {
  return {
    User: "nobody",
    Entrypoint: [program],
    Cmd: words,
    Env: [`PATH=${PATH}`],
    WorkingDir: data ?? "/",
    ExposedPorts: { [`${port}/tcp`]: {} },
    Volumes: data === undefined ? {} : { [data]: {} },
  };
}

/** The images of the site's registry. */
export const SITE_IMAGES: readonly SiteImage[] = [
  {
    repository: "prom/prometheus",
    from: { package: "prometheus" },
    files: {
      "bin/prometheus": "usr/bin/prometheus",
      "bin/promtool": "usr/bin/promtool",
      "etc/prometheus/prometheus.yml": "etc/prometheus/prometheus.yml",
      "usr/share/prometheus": "usr/share/prometheus",
    },
    written: ["prometheus"],
    settings: service(
      9090,
      "/bin/prometheus",
      ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
      "/prometheus",
    ),
  },
  {
    repository: "prom/alertmanager",
    from: { package: "prometheus-alertmanager" },
    files: {
      "bin/alertmanager": "usr/bin/prometheus-alertmanager",
      "bin/amtool": "usr/bin/amtool",
      "etc/alertmanager/alertmanager.yml": "etc/prometheus/alertmanager.yml",
      // Debian's program reads its standard template there.
      "usr/share/prometheus": "usr/share/prometheus",
    },
    written: ["alertmanager"],
    settings: service(
      9093,
      "/bin/alertmanager",
      ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"],
      "/alertmanager",
    ),
  },
  {
    repository: "prom/node-exporter",
    from: { package: "prometheus-node-exporter" },
    files: { "bin/node_exporter": "usr/bin/prometheus-node-exporter" },
    written: [],
    settings: service(9100, "/bin/node_exporter", []),
  },
];

/**
 * Grafana's, of the archive that the toolchain builds on request: `bin/grafana`, `conf/` and `public/`. It starts the server itself,
 * where the official image has a script in between.
 */
export function grafanaImage(archive: string): SiteImage {
  const home = "usr/share/grafana";
  return {
    repository: "grafana/grafana",
    from: { archive },
    files: {
      [`${home}/bin`]: "bin",
      [`${home}/conf`]: "conf",
      [`${home}/public`]: "public",
      "etc/grafana/grafana.ini": "conf/sample.ini",
    },
    written: ["var/lib/grafana", "var/log/grafana"],
    settings: {
      User: "nobody",
      Entrypoint: ["grafana"],
      Cmd: ["server", `--homepath=/${home}`, "--config=/etc/grafana/grafana.ini"],
      Env: [
        `PATH=/${home}/bin:${PATH}`,
        "GF_LOG_MODE=console",
        "GF_PATHS_DATA=/var/lib/grafana",
        "GF_PATHS_LOGS=/var/log/grafana",
        "GF_PATHS_PLUGINS=/var/lib/grafana/plugins",
      ],
      WorkingDir: `/${home}`,
      ExposedPorts: { "3000/tcp": {} },
      Volumes: {},
    },
  };
}

/** What every image has: what the programs are linked with, a shell and its tools. */
const COMMON = {
  packages: ["libc6", "busybox-static"],
  files: ["lib", "lib64", "bin/busybox"],
  unneeded: ["lib/systemd"],
  links: ["sh", "cat", "ls", "wget"],
  texts: {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
  },
} as const;

const NOBODY = 65_534;

/** The image's layer; made once, kept in the user's cache. @param say see `realTemplate` */
export async function imageLayer(image: SiteImage, say: (line: string) => void): Promise<Layer> {
  const { settings: _settings, ...made } = image;
  const build = (file: string, temporary: string): Promise<void> => makeLayer(image, file, temporary);
  const recipe = [made, COMMON, process.arch];
  const file = await builtOnce({ kind: "layers", name: "layer.tar", recipe, build }, () =>
    say(`Making the image ${image.repository} (seconds, once)`),
  );
  return { file, size: statSync(file).size, digest: `sha256:${await sha256Of(file)}` };
}

async function makeLayer(image: SiteImage, file: string, temporary: string): Promise<void> {
  const [unpacked, root] = [join(temporary, "unpacked"), join(temporary, "root")];
  const { from } = image;
  await unpackDebian([...COMMON.packages, ...("package" in from ? [from.package] : [])], unpacked, temporary);
  if ("archive" in from) await run("tar", ["--extract", "--file", from.archive, "--directory", unpacked]);
  const common = Object.fromEntries(COMMON.files.map((path) => [path, path]));
  for (const [place, path] of Object.entries({ ...common, ...image.files })) {
    mkdirSync(dirname(join(root, place)), { recursive: true });
    cpSync(join(unpacked, path), join(root, place), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of COMMON.unneeded) rmSync(join(root, name), { recursive: true, force: true });
  for (const name of COMMON.links) symlinkSync("busybox", join(root, "bin", name));
  mkdirSync(join(root, "etc"), { recursive: true });
  for (const [path, text] of Object.entries(COMMON.texts)) writeFileSync(join(root, path), text);
  for (const path of ["tmp", ...image.written]) mkdirSync(join(root, path), { recursive: true });
  chmodSync(join(root, "tmp"), 0o1777);
  await pack(root, file, image.written);
}

/** The same files give the same bytes, whoever packs them and when. */
async function pack(root: string, file: string, written: readonly string[]): Promise<void> {
  const form = ["--sort=name", "--mtime=@0", "--numeric-owner", "--format=ustar", "--mode=a+rX"];
  const words = ["--file", file, "--directory", root, ...form];
  const others = written.map((path) => `--exclude=./${path}`);
  await run("tar", ["--create", ...words, "--owner=0", "--group=0", ...others, "."]);
  if (written.length === 0) return;
  const paths = written.map((path) => `./${path}`);
  await run("tar", ["--append", ...words, `--owner=${NOBODY}`, `--group=${NOBODY}`, ...paths]);
}
