import type { KeyPair } from "../../../../site/settings/environment";
import { authorityProblem } from "../../../../site/state-store/authority";
import { completeKeys, type PresentKeys } from "../../../../site/state-store/missing-keys";

const occasion = { site: "site", names: ["192.0.2.132", "store"], now: new Date("2026-11-21T10:00:00Z") };
const nothing: PresentKeys = {
  kind: "container",
  keys: undefined,
  authority: undefined,
  own: { prod: undefined, lab: undefined },
};

/** What a site without keys gets: made once, an authority's key is half a second of work. */
let fresh: Awaited<ReturnType<typeof completeKeys>>;

beforeAll(async () => {
  fresh = await completeKeys(nothing, occasion);
});

/** What the settings hold once the changes are written. */
function written(present: PresentKeys, changes: Awaited<ReturnType<typeof completeKeys>>): PresentKeys {
  return {
    ...present,
    keys: changes.keys ?? present.keys,
    authority: changes.authority ?? present.authority,
    own: { ...present.own, ...changes.own },
  };
}

test("a site without keys gets every one; a second look makes nothing [B3]", async () => {
  const { keys, authority = "" } = fresh;
  expect(keys?.root?.accessKey).toBe("lifeboat@root");
  expect(Object.keys(keys?.identities ?? {})).toEqual(["lab", "prod"]);
  expect(Object.keys(keys?.readers ?? {})).toEqual(["lab", "prod"]);
  expect(fresh.own).toEqual(keys?.identities);
  expect(authorityProblem({ key: keys?.authorityKey ?? "", certificate: authority }, occasion.now)).toBeUndefined();
  const secrets = [
    keys?.root,
    keys?.copier,
    ...Object.values(keys?.identities ?? {}),
    ...Object.values(keys?.readers ?? {}),
  ];
  expect(new Set(secrets.map((pair) => pair?.secretKey)).size).toBe(6);
  const again = await completeKeys(written(nothing, fresh), occasion);
  expect(again).toEqual({ keys: undefined, authority: undefined, own: {}, first: false, made: [], absent: [] });
});

test("a new environment gets its keys, and nobody else another one [B3]", async () => {
  const before = written(nothing, fresh);
  const grown = { ...before, own: { ...before.own, stage: undefined } };
  const changes = await completeKeys(grown, occasion);
  expect(changes.made).toEqual(["a key for stage", "a key that reads the state of stage"]);
  expect(changes.keys).toMatchObject({
    ...before.keys,
    identities: { ...before.keys?.identities, stage: { accessKey: "lifeboat-stage" } },
  });
  expect(Object.keys(changes.own)).toEqual(["stage"]);
  expect(changes.authority).toBeUndefined();
});

test("a key that is in one place only comes to the other; where they differ the store's goes first [B3]", async () => {
  const before = written(nothing, fresh);
  const pair: KeyPair = { accessKey: "lifeboat-prod", secretKey: "not-a-secret-1" };
  const { lab } = before.keys?.identities ?? {};
  if (before.keys === undefined || lab === undefined) throw new Error("There are no keys.");
  const lost = { ...before, own: { ...before.own, lab: undefined, prod: pair } };
  expect((await completeKeys(lost, occasion)).own).toEqual(before.keys.identities);
  const unknown = { ...lost, keys: { ...before.keys, identities: { lab } } };
  const { keys, own } = await completeKeys(unknown, occasion);
  expect(keys?.identities).toEqual({ lab, prod: pair });
  expect(own).toEqual({ lab });
});

test("an authority near its end gets a new certificate with the same key [B5]", async () => {
  const before = written(nothing, fresh);
  const later = { ...occasion, now: new Date("2035-11-21T10:00:00Z") };
  const { keys, authority = "", made } = await completeKeys(before, later);
  expect(keys).toBeUndefined();
  expect(authority).not.toBe(before.authority);
  expect(authorityProblem({ key: before.keys?.authorityKey ?? "", certificate: authority }, later.now)).toBeUndefined();
  expect(made).toEqual(["a new certificate of the store's authority, whose old one ends"]);
});

test("a service's keys are given, never made: who has none is named [B6]", async () => {
  const given: KeyPair = { accessKey: "AKIA1", secretKey: "not-a-secret-2" };
  const keys = { identities: { prod: given }, readers: {} };
  const changes = await completeKeys({ ...nothing, kind: "service", keys }, occasion);
  expect(changes).toMatchObject({ keys: undefined, own: { prod: given }, absent: ["lab"] });
});
