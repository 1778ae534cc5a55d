import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const project = resolve(__dirname, "../../..");

/** Files from which scripts come that run in guests, on nodes or on the operator's machine. */
const sources = ["components", "proxmox", "scripts", "site", "stacks"].flatMap((folder) =>
  readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:ts|cjs|sh)$/u.test(name) && !name.includes("node_modules"))
    .map((name) => join(folder, name)),
);

/** Docker's commands that remove what they did not make: containers, volumes, images, or everything that is unused. */
const destructive =
  /\bdocker(?:-compose|\s+compose)?(?:\s+(?:container|volume|image|network|system|builder))?\s+(?:-\S+\s+(?:\S+\s+)??)*(?:rm|rmi|prune|down)\b/u;

/** Those that remove databases, as any client has them. */
const dropping = /\bDROP\s+(?:DATABASE|SCHEMA)\b|\bdropdb\b|mysqladmin\s+drop/iu;

const linesWith = (pattern: RegExp, files: readonly string[]): string[] =>
  files.flatMap((file) =>
    readFileSync(join(project, file), "utf8")
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${String(index + 1)}`] : [])),
  );

test("no script has a command of Docker that removes containers, volumes or images [I9, 001 AC3]", () => {
  expect(sources.length).toBeGreaterThan(500);
  expect(linesWith(destructive, sources)).toEqual([]);
});

test.each([
  "docker rm --force web",
  "docker volume rm uploads",
  "docker system prune -af --volumes",
  "docker compose down -v",
  "docker-compose --file x.yaml down",
  "docker rmi x",
  "docker container prune",
])("%s would be found", (command) => {
  expect(command).toMatch(destructive);
});

test("only the program in guests drops a database, and each place asks for Lifeboat's mark first [I9, 001 AC3]", () => {
  const files = [...new Set(linesWith(dropping, sources).map((line) => line.replace(/:\d+$/u, "")))];
  for (const file of files) {
    expect(file).toMatch(/^components\/data\/guest-program\//u);
    expect(readFileSync(join(project, file), "utf8")).toMatch(/made by Lifeboat|:'mark'|\$mark|is_aside/u);
  }
  expect(files).not.toEqual([]);
});
