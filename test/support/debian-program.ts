import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { typeScript } from "../sandbox/machine/type-script";

const projectFolder = resolve(__dirname, "../..");

/**
 * Path of Prometheus' own checker of rules and settings, from Debian's package; downloaded the first time. Undefined where it
 * cannot be had: asked before a test is declared, so that
 * `(promtool() === undefined ? describe.skip : describe)(…)` skips it. `test/support/ci/plan.cjs` lists the files that may.
 */
export function promtool(): string | undefined {
  return debianProgram("promtool");
}

/** The same for Alertmanager's. */
export function amtool(): string | undefined {
  return debianProgram("amtool");
}

/** The linter of shell scripts. */
export function shellcheck(): string | undefined {
  return debianProgram("shellcheck");
}

/** Prometheus itself. */
export function prometheus(): string | undefined {
  return debianProgram("prometheus");
}

/**
 * Words that begin the command of Alertmanager itself. Debian's reads templates at a place where only an installation has them: it
 * gets them in a mount namespace of its own.
 */
export function alertmanager(): readonly string[] | undefined {
  const [program, templates] = [debianProgram("alertmanager"), debianProgram("alertmanager-templates")];
  const inOwn = ["unshare", "--mount", "--map-root-user", "sh", "-c"];
  const mounted = "mount -t tmpfs tmpfs /usr/share && mkdir /usr/share/prometheus";
  const script = `${mounted} && cp -r "$0" /usr/share/prometheus/alertmanager && exec "$@"`;
  if (program === undefined || templates === undefined) return undefined;
  const [unshare = "", ...words] = [...inOwn, `${mounted} && true`];
  if (spawnSync(unshare, words).status === 0) return [...inOwn, script, templates, program];
  process.stderr.write("skipped: Alertmanager cannot be run: mount namespaces are not allowed here\n");
  return undefined;
}

/** Where Python finds a mail server that takes what is sent to it and hands it to a program, by TLS and with logins. */
export function aiosmtpd(): string | undefined {
  const folder = debianProgram("aiosmtpd");
  return folder === undefined ? undefined : join(folder, "usr/lib/python3/dist-packages");
}

/** The folder of its packages: `bin/zsh` in it, and beside it what that needs. */
export function zsh(): string | undefined {
  return debianProgram("zsh");
}

/** The folder of its packages: `usr/bin/fish` in it, and beside it what that needs. */
export function fish(): string | undefined {
  return debianProgram("fish");
}

/** The strictest reader of manual pages. */
export function mandoc(): string | undefined {
  return debianProgram("mandoc");
}

function debianProgram(name: string): string | undefined {
  const [node = "", ...words] = [...typeScript(projectFolder, "test/sandbox/sandbox.ts"), "program", name];
  const { status, stdout, stderr } = spawnSync(node, words, { encoding: "utf8", timeout: 180_000 });
  if (status === 0) return stdout.trim();
  process.stderr.write(`skipped: ${name} cannot be had: ${stderr.trim().split("\n").at(-2) ?? ""}\n`);
  return undefined;
}
