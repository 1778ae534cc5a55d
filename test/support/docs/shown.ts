/** How each line of the pages is known to do what it says. */

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

/** Lines that nothing here can run, and why. */
export const byHand: readonly ByHand[] = [
  {
    line: /^npm (?:run demo|test)$/u,
    why: "what runs this test, and the stages of test/rehearsal/main-site.test.ts in one program",
  },
  { line: /^npm run rehearsal -- disaster/u, why: "the disaster rehearsal itself, by the workflow that has its name" },
  {
    line: /^ifreload |^cat >> \/etc\/network/u,
    why: "writes and applies the network of the node itself, by a program that only nodes have",
  },
  {
    line: /^proxmox-backup-/u,
    why: "the programs of a Proxmox Backup Server, which no Debian has: the sandbox has its API only",
  },
  { line: /^gh /u, why: "needs a repository on GitHub" },
  {
    line: /^npm run (?:pictures|toolchain -- --artifact (?:grafana|docker-compose))|^apt-get /u,
    why: "builds Grafana for half an hour, or Compose 2 for some minutes; `npm run pictures` is skipped in CI and counted",
  },
  {
    line: /^age-keygen/u,
    why: "a program of Debian's package age, which no test installs; tests make such a file with the library that the program uses",
  },
];
