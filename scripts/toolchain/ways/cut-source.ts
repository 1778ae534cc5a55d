import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { CutSource } from "../parts/part";

/** What is never compiled: tests, and what writes the provider's own source. */
const leftOut = new Set(["acctest", "generate", "service", "testdata"]);

/** Errors are worded by these files; the provider embeds at least one of a service, and no service that is kept has one. */
const wordings = ["smarterr.hcl", path.join("cloudtrail", "smarterr.hcl")];

/**
 * Copies those packages of the Terraform provider for AWS that the named services need, so that Go compiles five services and not 250.
 * Nothing of it is changed but two generated lists of all services, which lose the lines of the others.
 *
 * @param source folder of the Go module, as Go has fetched it
 * @param target a folder that is not there yet
 * @throws Error where a list has not the form that it had when this was written
 */
export function cutSource(source: string, target: string, { services, clients }: CutSource): void {
  const copy = (name: string) => cpSync(path.join(source, name), path.join(target, name), { recursive: true, filter });
  for (const name of ["go.mod", "names", "version", "xpprovider"]) copy(name);
  for (const { name } of readdirSync(path.join(source, "internal"), { withFileTypes: true })) {
    if (!leftOut.has(name)) copy(path.join("internal", name));
  }
  for (const name of services) copy(path.join("internal", "service", name));
  for (const name of wordings) copy(path.join("internal", "service", name));
  rewrite(target, "internal/provider/sdkv2/service_packages_gen.go", (text) => keepPackages(text, new Set(services)));
  rewrite(target, "internal/conns/awsclient_gen.go", (text) => keepClients(text, new Set(clients)));
}

function filter(name: string): boolean {
  return !name.endsWith("_test.go") && path.basename(name) !== "testdata";
}

function rewrite(target: string, name: string, change: (text: string) => string): void {
  const file = path.join(target, ...name.split("/"));
  if (!existsSync(file)) throw new Error(`its source has no ${name}`);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, change(readFileSync(file, "utf8")));
}

/** Go refuses an import without use, so that the import of a service and its line in the list go together. */
function keepPackages(text: string, services: ReadonlySet<string>): string {
  const kept = new Set<string>();
  const lines = text.split("\n").filter((line) => {
    const [, name] =
      /^\t+(\w+)\.ServicePackage\(ctx\),$|^\t"\S+\/internal\/service\/(\w+)"$/u.exec(line)?.filter(Boolean) ?? [];
    if (name === undefined) return true;
    if (services.has(name)) kept.add(name);
    return services.has(name);
  });
  requireAll("package", services, kept);
  return lines.join("\n");
}

/** A client is a method of three lines. */
function keepClients(text: string, clients: ReadonlySet<string>): string {
  const kept = new Set<string>();
  const body = text.replaceAll(/^func \(c \*AWSClient\) (\w+)Client\(.*\n\t.*\n\}\n+/gmu, (method, name: string) => {
    if (!clients.has(name)) return "";
    kept.add(name);
    return method;
  });
  requireAll("client", clients, kept);
  const lines = body.split("\n").filter((line) => {
    const [, alias, imported] = /^\t(?:(\w+) )?"(\S+\/aws-sdk-go-v2\/service\/\S+)"$/u.exec(line) ?? [];
    if (imported === undefined) return true;
    return body.includes(`*${alias ?? path.posix.basename(imported)}.Client`);
  });
  return lines.join("\n");
}

function requireAll(what: string, wanted: ReadonlySet<string>, kept: ReadonlySet<string>): void {
  const missing = [...wanted].filter((name) => !kept.has(name));
  if (missing.length > 0) throw new Error(`its source has no ${what} ${missing.join(", ")}`);
}
