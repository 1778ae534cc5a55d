import type { CommandResult } from "../support/commands";
import { type DemoSite, expectExit } from "../support/demo-site";

const folder = "/run/caught-install";
const shell = "/usr/local/bin/sh";

/** In the place of the shell that an installation is sent to: keeps what it is given, and runs none of it. */
const catcher = `#!/bin/sh
[ "$1" = -s ] || exec /bin/sh "$@"
shift 2
umask 077
mkdir -p ${folder}
cat >${folder}/script
printf '%s\\n' "$@" >${folder}/words
echo caught >&2
exit 1
`;

/** The functions of the script that an installation goes through, and the first line of each that does something. */
const courses = { main: "  prepare", start: "  for part in $all; do" } as const;

/** An installation as Pulumi sends it to a guest: its script, its words, and its program. */
export class CaughtInstall {
  private constructor(
    private readonly site: DemoSite,
    private readonly address: string,
    private readonly script: string,
  ) {}

  /** @param send lets Pulumi install, which fails: nothing comes to the guest's own shell */
  static async catch(site: DemoSite, address: string, send: () => Promise<CommandResult>): Promise<CaughtInstall> {
    const packed = Buffer.from(catcher).toString("base64");
    await inGuest(site, address, `echo ${packed} | base64 -d >${shell} && chmod 0755 ${shell}`);
    const kept = `mkdir -p ${folder} && cp /opt/lifeboat-monitoring/exporter/current/lifeboat.cjs ${folder}/program`;
    await inGuest(site, address, kept);
    const { exitCode } = await send();
    const script = await inGuest(site, address, `rm ${shell}; cat ${folder}/script`);
    if (exitCode === 0) throw new Error("the installation was not caught");
    return new CaughtInstall(site, address, script);
  }

  /** Numbers of the lines after which it can be interrupted: each command that a part of its course is made of. */
  stops(part: keyof typeof courses): readonly number[] {
    const lines = this.script.split("\n");
    const from = lines.indexOf(courses[part]);
    const to = lines.indexOf("}", from);
    if (from < 0) throw new Error(`the installation has no line \`${courses[part]}\``);
    // Behind the last line of a command that has several, and before the next.
    return lines.flatMap((line, at) => {
      const isBehind = at >= from && at < to && /^ {2}\S/u.test(lines[at + 1] ?? "") && !/[\\|&]$/u.test(line);
      return isBehind && !/^ {2}(?:fi|done|esac|\})/u.test(lines[at + 1] ?? "") ? [at + 1] : [];
    });
  }

  /** The line itself, for messages. */
  line(number: number): string {
    return this.script.split("\n")[number - 1]?.trim() ?? "";
  }

  /** Runs it, and kills it with SIGKILL behind a line. */
  async interrupt(number: number): Promise<void> {
    const { exitCode } = await this.send(`sed '${String(number)}a kill -9 $$' ${folder}/script`, "");
    if (exitCode !== 137) throw new Error(`behind \`${this.line(number)}\` it ended with ${String(exitCode)}`);
  }

  /** Runs it to its end. @param change of its words, for `sed` */
  run(change = ""): Promise<CommandResult> {
    return this.send(`cat ${folder}/script`, change);
  }

  /** Runs it with a program that ends as soon as it is started, and is what was sent all the same. */
  async runBroken(): Promise<CommandResult> {
    const kept = `cd ${folder} && mv program whole && echo 'process.exit(1);' >program && sha256sum program`;
    const [sum = ""] = (await inGuest(this.site, this.address, kept)).split(" ");
    try {
      // Nothing is gained by waiting longer.
      const script = `sed 's/^patience=.*/patience=40/' ${folder}/script`;
      return await this.send(script, `s/^program-sha256=.*/program-sha256=${sum}/`);
    } finally {
      await inGuest(this.site, this.address, `mv ${folder}/whole ${folder}/program`);
    }
  }

  /** Takes away what an installation leaves, but data and images: a guest as it was before its first. */
  async takeBack(): Promise<void> {
    const lines = [
      "docker ps --all --quiet --filter name=lifeboat-monitoring | xargs --no-run-if-empty docker rm --force >/dev/null",
      "systemctl disable --now --quiet lifeboat-exporter.service",
      "rm -rf /opt/lifeboat-monitoring /etc/systemd/system/lifeboat-exporter.service /usr/local/lib/lifeboat",
      "systemctl daemon-reload",
    ];
    await inGuest(this.site, this.address, lines.join("; "));
  }

  async forget(): Promise<void> {
    await inGuest(this.site, this.address, `rm -r ${folder}`);
  }

  /** What was sent along is gone after an installation that went well. */
  private send(script: string, change: string): Promise<CommandResult> {
    const program = `cp ${folder}/program "$(sed -n 's/^program=//p' ${folder}/words)"`;
    const words = `sed -e '${change}' -e 's/.*/"&"/' ${folder}/words | tr '\\n' ' '`;
    const lines = `${program}; eval "set -- $(${words})"; ${script} | sh -s -- "$@"; exit $?`;
    return this.site.ssh(this.address, lines);
  }
}

async function inGuest(site: DemoSite, address: string, command: string): Promise<string> {
  return expectExit(await site.ssh(address, command), [0], command).stdout;
}
