import { appendFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { artifacts, parts } from "../../../../scripts/toolchain/parts";
import type { Part } from "../../../../scripts/toolchain/parts/part";
import { proxmoxve } from "../../../../scripts/toolchain/parts/proxmoxve";
import { hashOfFolder, hashOfPart, hashOfToolchain, upstreamFolder } from "../../../../scripts/toolchain/pins";
import { removeScratchFolders, scratchFolder } from "./scratch";

const platform = { system: "linux", architecture: "x64" };

afterEach(removeScratchFolders);

test("the same pins have the same hash, and it is fit for the name of a folder", () => {
  expect(hashOfToolchain(parts, platform)).toBe(hashOfToolchain([...parts], { ...platform }));
  expect(hashOfToolchain(parts, platform)).toMatch(/^[0-9a-f]{12}$/);
});

test.each<[string, Part]>([
  ["version", { ...proxmoxve, version: "8.6.1" }],
  [
    "variables of the linker",
    { ...proxmoxve, upstream: { module: "proxmoxve", goPackage: "./plugin", variables: {} } },
  ],
  ["Go module", { ...proxmoxve, upstream: { module: "pulumi", goPackage: "./plugin", variables: {} } }],
  ["stand-in", { ...proxmoxve, standIn: { entryPoint: "command/main.ts" } }],
])("another %s is another hash, of the part and of the toolchain", (_what, changed) => {
  expect(hashOfPart(changed, platform)).not.toBe(hashOfPart(proxmoxve, platform));
  const others = parts.map((part) => (part === proxmoxve ? changed : part));
  expect(hashOfToolchain(others, platform)).not.toBe(hashOfToolchain(parts, platform));
});

test("another architecture is another hash", () => {
  expect(hashOfPart(proxmoxve, { ...platform, architecture: "arm64" })).not.toBe(hashOfPart(proxmoxve, platform));
});

test("one more line in go.sum, and one more file, are another hash", () => {
  const folder = scratchFolder();
  cpSync(path.join(upstreamFolder, "proxmoxve"), folder, { recursive: true });
  const before = hashOfFolder(folder);
  expect(before).toBe(hashOfFolder(path.join(upstreamFolder, "proxmoxve")));
  appendFileSync(path.join(folder, "go.sum"), "\n");
  const withLine = hashOfFolder(folder);
  writeFileSync(path.join(folder, "more.go"), "package provider\n");
  expect(new Set([before, withLine, hashOfFolder(folder)]).size).toBe(3);
});

test.each([...parts, ...artifacts].filter((part) => part.upstream))(
  "$name is pinned to one module version each, with its sums",
  (part) => {
    const folder = path.join(upstreamFolder, part.upstream?.module ?? "");
    const goSum = readFileSync(path.join(folder, "go.sum"), "utf8");
    const required = [...readFileSync(path.join(folder, "go.mod"), "utf8").matchAll(/^\t(\S+) (v\S+)/gm)];
    expect(required.length).toBeGreaterThan(10);
    expect(goSum.split("\n").every((line) => line === "" || /^\S+ v\S+ h1:\S{44}$/.test(line))).toBe(true);
  },
);
