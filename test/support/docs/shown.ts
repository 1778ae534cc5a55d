/** How each line of the pages is known to do what it says. */

interface Alike {
  readonly line: RegExp;
  /** A test, or a part of one, and words that stand in it. */
  readonly by: string;
  readonly words: readonly string[];
}

interface ByHand {
  readonly line: RegExp;
  readonly why: string;
}

/** Pages whose lines with `$` are run as they stand, one after the other, by a test. */
export const pagesRun: Readonly<Record<string, string>> = {
  "../README.md": "test/rehearsal/first-restore.test.ts",
  "guides/workstation.md": "test/commands/docs/pages.test.ts",
  "guides/upgrade.md": "test/commands/docs/pages.test.ts",
  "guides/journals.md": "test/commands/docs/pages.test.ts",
  "guides/mornings.md": "test/commands/docs/pages.test.ts",
  "guides/retire.md": "test/commands/docs/pages.test.ts",
  "runbooks/backup-storage-full.md": "test/commands/docs/pages.test.ts",
  "runbooks/node-lost.md": "test/commands/docs/pages.test.ts",
  "guides/getting-started.md": "test/rehearsal/guides.test.ts",
  "guides/state.md": "test/rehearsal/bootstrap.test.ts",
};

/** Lines whose names, times and places are the reader's, or that need real guests: a test runs the same command with its own. */
export const alike: readonly Alike[] = [
  { line: /^lifeboat (?:backup )?data(?: |$)/u, by: "test/rehearsal/data.test.ts", words: ["data"] },
  {
    line: /^lifeboat restore database .*--(?:at '|xid|point)/u,
    by: "test/rehearsal/data/restore-database-in-time.test.ts",
    words: ["--xid", "--point"],
  },
  {
    line: /^lifeboat restore database /u,
    by: "test/rehearsal/data/restore-postgres.test.ts",
    words: ["--disconnect", "--into"],
  },
  {
    line: /^lifeboat restore point-in-time /u,
    by: "test/rehearsal/data/restore-point-in-time.test.ts",
    words: ["--xid", "--query", "--undo"],
  },
  {
    line: /^lifeboat node-script /u,
    by: "test/commands/node-script/node-script.test.ts",
    words: ["pve-prod", "--storage", "--out"],
  },
  { line: /^lifeboat rebuild monitoring/u, by: "test/rehearsal/monitoring.test.ts", words: ["rebuild", "monitoring"] },
  { line: /^pulumi stack output exporterToken/u, by: "test/rehearsal/program.test.ts", words: ["exporterToken"] },
  { line: /^lifeboat state import-file/u, by: "test/rehearsal/state-gone.test.ts", words: ["import-file"] },
  {
    line: /^eval "\$\(lifeboat env \w+\)"|^pulumi up -s prod$|=apart pulumi up/u,
    by: "test/rehearsal/main-site/store-lost.ts",
    words: ["lifeboat env"],
  },
  { line: /^pulumi state (?:delete|unprotect) /u, by: "test/rehearsal/program.test.ts", words: ["state"] },
  { line: /^npm pack /u, by: "test/unit/components/package.test.ts", words: ["pack"] },
  {
    line: /^export (?:LIFEBOAT_PROXMOX_TOKEN_FILE|PULUMI_CONFIG_PASSPHRASE_FILE)=/u,
    by: "test/rehearsal/support/demo-site.ts",
    words: ["environment"],
  },
  {
    line: /^(?:pveum user token|pulumi config set --secret -s prod lifeboat:proxmoxToken$)/u,
    by: "test/commands/stolen-token.test.ts",
    words: ["pveum", "LIFEBOAT_PROXMOX_TOKEN"],
  },
  {
    line: /^ssh(?:-keygen -t ed25519|-copy-id| -F none)/u,
    by: "test/rehearsal/sandbox.test.ts",
    words: ["security.md"],
  },
];

/** Lines that nothing here can run, and why. */
export const byHand: readonly ByHand[] = [
  { line: /^npm (?:run demo|test)$/u, why: "what runs this test, and a rehearsal of the same parts" },
  { line: /^npm run rehearsal -- disaster/u, why: "the disaster rehearsal itself, by the workflow that has its name" },
  {
    line: /^(?:pct exec|ifreload) |^cat >> \/etc\/network/u,
    why: "a node's own shell, its network, and a command in a guest, of which the API has no call",
  },
  { line: /^(?:growpart|resize2fs) /u, why: "in a machine's own system, by its partitions" },
  {
    line: /^proxmox-backup-/u,
    why: "the programs of a Proxmox Backup Server, of which the sandbox has the API only",
  },
  { line: /^gh /u, why: "needs a repository on GitHub" },
  {
    line: /^npm run (?:pictures|toolchain -- --artifact grafana)|^apt-get /u,
    why: "builds Grafana for half an hour; `npm run pictures` is skipped in CI and counted",
  },
  {
    line: /^(?:npm run toolchain -- --artifact aws|pulumi plugin install)/u,
    why: "the plugin is built and used by the rehearsals of offsite data, by a path of the test's own",
  },
  {
    line: /^npm install FOLDER/u,
    why: "asks a registry for what the package needs; the packed package itself is compiled and described by a test",
  },
  {
    line: /^(?:age-keygen|echo '192)/u,
    why: "the reader's own files and shell",
  },
  { line: /^lifeboat verify 2026-/u, why: "what the program on the node prints, with a sum of the reader's archive" },
  {
    line: /^(?:scp lifeboat-archive|ssh root@pve|systemctl enable)/u,
    why: "copies the printed program to the reader's own node; what it does there: test/unit/scripts/clients/node-program",
  },
  {
    line: /^(?:mkdir lifeboat-state-prod|echo '<Object|zip |store=|ssh \$store|printf 'user|curl --config)/u,
    why: "for buckets of versions before object lock, which nothing makes any more",
  },
  {
    line: /^(?:ssh root@192\.0\.2\.132|curl --cacert)/u,
    why: "the reader's store, by its address; rehearsals stop, start and break theirs over the same SSH",
  },
];
