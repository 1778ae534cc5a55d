import * as fc from "fast-check";
import { checkpointOf, exportOf, parseCheckpoint, UnreadableCheckpoint } from "../../../../site/state/checkpoint";
import { integrityProblems, nameOf } from "../../../../site/state/integrity";
import { StateBuilder } from "../../../support/state/build-state";

const builder = new StateBuilder("shop", "prod", "test passphrase");
const place = { project: "shop", stack: "prod" };
const disk = { name: "data", id: "disk-1", inputs: { size: "8GiB" } };

/** The text of a checkpoint with something changed in it. */
function changed(text: string, change: (latest: { resources: Record<string, unknown>[] }) => void): string {
  const value = JSON.parse(text);
  change(value.checkpoint.latest);
  return JSON.stringify(value);
}

const problems = (text: string): string[] => integrityProblems(parseCheckpoint(text), place);

test("a checkpoint of Pulumi's is read [E1]", () => {
  const text = builder.checkpoint({ resources: [disk], pending: [{ name: "cache", type: "creating" }], version: 4 });
  const checkpoint = parseCheckpoint(text);
  expect(checkpoint).toMatchObject({
    version: 4,
    stack: "organization/shop/prod",
    keeper: { kind: "passphrase", salt: builder.salt },
    pending: [{ urn: builder.urn("cache"), type: "creating" }],
  });
  expect(checkpoint.resources).toHaveLength(3);
  expect(integrityProblems(checkpoint, place)).toEqual([]);
});

test("a stack that was only just made has a state without resources", () => {
  const text = '{"version":3,"checkpoint":{"stack":"organization/shop/prod","latest":{"metadata":{}}}}';
  expect(parseCheckpoint(text)).toMatchObject({ resources: [], pending: [], keeper: { kind: "none" } });
  expect(parseCheckpoint('{"version":3,"checkpoint":{"stack":"s"}}').resources).toEqual([]);
  expect(parseCheckpoint('{"version":0,"checkpoint":{"stack":"s"}}').resources).toEqual([]);
});

test.each([
  ["", "empty"],
  ['{"version":3,"checkpoint":{"stack":"organi', "cut off"],
  ["{}", "version"],
  ['{"version":2,"checkpoint":{}}', "older than"],
  ['{"version":0,"checkpoint":{"stack":"s","latest":{}}}', "older than"],
  ['{"version":5,"checkpoint":{}}', "newer than"],
  ['{"version":3,"checkpoint":{"latest":{}}}', "checkpoint.stack"],
  ['{"version":3,"checkpoint":{"stack":"s","latest":{"resources":[{"id":"x"}]}}}', "urn"],
  [
    '{"version":3,"checkpoint":{"stack":"s","latest":{"secrets_providers":{"type":"passphrase","state":{}}}}}',
    "no salt",
  ],
])("%j is refused, and says why [G1]", (text, why) => {
  expect(() => parseCheckpoint(text)).toThrow(UnreadableCheckpoint);
  expect(() => parseCheckpoint(text)).toThrow(why);
});

test("what is wrong with a text never repeats the text", () => {
  expect(() => parseCheckpoint('{"password":"hunter2hunter2"')).toThrow(/^(?!.*hunter2).*$/u);
});

const root = (latest: { resources: Record<string, unknown>[] }, index: number): Record<string, unknown> =>
  latest.resources[index] ?? {};

describe("integrity, as Pulumi checks it [G1]", () => {
  const good = builder.checkpoint({ resources: [disk, { name: "log", id: "disk-2", dependsOn: ["data"] }] });

  test.each<[string, string, (latest: { resources: Record<string, unknown>[] }) => void]>([
    [
      "a parent that is not there",
      "its parent gone (a:b:C) is not there",
      (latest) => {
        root(latest, 2)["parent"] = "urn:pulumi:prod::shop::a:b:C::gone";
      },
    ],
    [
      "a dependency that comes later",
      "its dependency data (proxmoxve:index/containerLegacy:ContainerLegacy) comes after it",
      (latest) => {
        latest.resources.reverse();
      },
    ],
    [
      "a provider that is not there",
      "its provider default (pulumi:providers:shop) is not there",
      (latest) => {
        root(latest, 2)["provider"] = `${builder.urn("default", "pulumi:providers:shop")}::other`;
      },
    ],
    [
      "a resource that is there twice",
      "it is there twice",
      (latest) => {
        latest.resources.push({ ...root(latest, 2) });
      },
    ],
    [
      "a resource of another stack",
      "belongs to another stack",
      (latest) => {
        latest.resources.push({ urn: "urn:pulumi:lab::shop::a:b:C::x", type: "a:b:C", custom: true });
      },
    ],
    [
      "a component with an id",
      "it is a component, and has an id",
      (latest) => {
        root(latest, 0)["id"] = "x";
      },
    ],
    [
      "a property dependency that is not there",
      "is not there",
      (latest) => {
        root(latest, 2)["propertyDependencies"] = { size: [builder.urn("gone")] };
      },
    ],
  ])("%s", (_, problem, change) => {
    expect(problems(good)).toEqual([]);
    expect(problems(changed(good, change)).join("\n")).toContain(problem);
  });

  test("one that waits to be deleted may have the URN of a living one", () => {
    const text = changed(good, (latest) => {
      latest.resources.push({ ...root(latest, 2), delete: true, id: "disk-0" });
    });
    expect(problems(text)).toEqual([]);
  });

  test("another stack's state", () => {
    const text = builder.checkpoint({ resources: [], stack: "organization/shop/lab" });
    expect(problems(text)).toEqual(["it is the state of organization/shop/lab, and not of organization/shop/prod"]);
  });

  test("a manifest that was changed", () => {
    expect(problems(good.replace('"magic":"', '"magic":"0')).join()).toContain("magic");
  });
});

test("a provider's reference is named like its resource", () => {
  expect(nameOf("urn:pulumi:prod::shop::a:b:C$pulumi:providers:shop::default::0b1e")).toBe(
    "default (pulumi:providers:shop)",
  );
  expect(nameOf("not a urn")).toBe("not a urn");
});

describe("checkpoint and import file", () => {
  test("are each other's other form, whatever members they have [E1]", () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(3, 4), fc.option(fc.array(fc.string())), (json, version, features) => {
        const latest = { manifest: {}, future: JSON.parse(json) };
        const envelope = { version, ...(features === null ? {} : { features }) };
        const checkpoint = JSON.stringify({ ...envelope, checkpoint: { stack: "organization/shop/prod", latest } });
        const exported = exportOf(checkpoint);
        expect(JSON.parse(exported)).toEqual(JSON.parse(JSON.stringify({ ...envelope, deployment: latest })));
        expect(JSON.parse(checkpointOf(exported, "organization/shop/prod"))).toEqual(JSON.parse(checkpoint));
      }),
    );
  });
});
