import * as fc from "fast-check";
import { copierPolicy, identityPolicy, readerPolicy } from "../../../../site/state-store/policies";
import { createKeyPair, formatKeys, parseKeyPair, parseStateStoreKeys } from "../../../../site/state-store/keys";
import { declaredStore, endpointOf, locationOf, s3Url, storeOf } from "../../../../site/state-store/location";
import { ownAddresses } from "../../../../site/state/own-addresses";
import { bucketOf, copierName, identityClashes, identityOf, readerOf } from "../../../../site/state-store/names";
import { environmentOf, exampleSettings } from "../../../support/example-environment";
import { storeSettings } from "../../../support/example-store";

const store = { buckets: "lifeboat-state" };
const monitoring = environmentOf(storeSettings(), "monitoring");
const prod = environmentOf(exampleSettings(), "prod");

describe("names", () => {
  test("of buckets and identities [B2]", () => {
    expect(bucketOf(store, "prod")).toBe("lifeboat-state-prod");
    expect(identityOf("prod")).toBe("lifeboat-prod");
    expect(readerOf("prod")).toBe("lifeboat-prod-reader");
  });

  test("of buckets are always such that S3 takes them, and never shared [B2]", () => {
    const stack = fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/);
    fc.assert(
      fc.property(stack, stack, (one, other) => {
        const bucket = bucketOf(store, one);
        expect(bucket).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
        expect(bucket === bucketOf(store, other)).toBe(one === other);
      }),
    );
    for (const length of [48, 49, 100]) expect(bucketOf(store, "a".repeat(length)).length).toBeLessThanOrEqual(63);
    expect(new Set(["Prod", "prod", "pr.od", "pr_od", "prod-"].map((name) => bucketOf(store, name))).size).toBe(5);
  });

  test("that two environments would share are told [B2]", () => {
    expect(identityClashes(["prod", "lab", "monitoring"])).toEqual([]);
    expect(identityClashes(["prod", "prod-reader"])).toEqual([
      "the key of environment prod-reader would be called lifeboat-prod-reader, as the reader of prod is",
    ]);
    expect(copierName).not.toMatch(/^[A-Za-z0-9_.-]+$/);
  });
});

describe("places", () => {
  test("the store is found among the environments; two are one too many [B1]", () => {
    expect(storeOf([prod, monitoring])).toMatchObject({ kind: "one", environment: { name: "monitoring" } });
    expect(storeOf([prod])).toEqual({ kind: "none" });
    const second = environmentOf(storeSettings(), "lab");
    expect(storeOf([monitoring, prod, second])).toEqual({ kind: "several", environments: ["lab", "monitoring"] });
  });

  test("the endpoint is the container's address, or the service [B1, B6]", () => {
    expect(endpointOf(monitoring)).toBe("https://192.0.2.132:9000");
    expect(endpointOf(prod)).toBeUndefined();
    const service = { service: { endpoint: "https://s3.example.com" } };
    expect(endpointOf(environmentOf(storeSettings({ stateStore: service })))).toBe("https://s3.example.com");
  });

  test("what a stack makes may use the node and the store of the settings only [N2]", () => {
    const store = { store: "192.0.2.132:9000" };
    const { endpoint } = prod.proxmox;
    expect(ownAddresses(monitoring)).toMatchObject({ ...store, proxmox: monitoring.proxmox.endpoint });
    expect(ownAddresses(prod)).toMatchObject({ proxmox: endpoint, store: undefined });
    const service = { service: { endpoint: "https://s3.example.com" } };
    expect(ownAddresses(environmentOf(storeSettings({ stateStore: service })))).toMatchObject({
      store: "s3.example.com",
    });
  });

  test("the endpoint of an IPv6 address has brackets [B1]", () => {
    const settings = storeSettings();
    const network = { bridge: "vmbr0", address: "2001:db8::2/64", firewall: true };
    const guests = { store: { ...settings.guests.store, network } };
    expect(endpointOf(environmentOf({ ...settings, guests }))).toBe("https://[2001:db8::2]:9000");
  });

  test("Pulumi's URL of a state [B3]", () => {
    const declared = declaredStore(monitoring);
    if (declared === undefined) throw new Error("the example has a store");
    const location = locationOf(declared, "prod");
    const url = "s3://lifeboat-state-prod?endpoint=https://192.0.2.132:9000&use_path_style=true&region=us-east-1";
    expect(s3Url(location)).toBe(url);
    expect(s3Url(location, "lifeboat-prod")).toBe(`${url}&profile=lifeboat-prod`);
    expect(new URL(url).searchParams.get("endpoint")).toBe("https://192.0.2.132:9000");
  });
});

describe("policies", () => {
  const never =
    /\*$|DeleteObjectVersion|PutBucket|PutLifecycle|Policy|Versioning(?<!GetBucketVersioning)|Tagging|Bypass/u;

  const temporary = { StringEquals: { "aws:principaltype": "AssumedRole" } };
  const noOtherKeys = [
    { Effect: "Deny", Action: ["admin:*"] },
    { Effect: "Deny", Action: ["s3:*"], Resource: ["arn:aws:s3:::*"], Condition: temporary },
  ];

  test("an identity looks at its own bucket, writes and deletes current objects, and nothing else [B2]", () => {
    const [bucket, objects, ...others] = identityPolicy("state-prod").Statement;
    expect(others).toEqual([
      ...noOtherKeys,
      { Effect: "Deny", Action: ["s3:DeleteObjectVersion"], Resource: ["arn:aws:s3:::state-prod/*"] },
      {
        Effect: "Deny",
        Action: ["s3:PutObject"],
        Resource: ["arn:aws:s3:::state-prod/*"],
        Condition: { StringLike: { "s3:versionid": "?*" } },
      },
    ]);
    expect(bucket?.Resource).toEqual(["arn:aws:s3:::state-prod"]);
    expect(objects?.Resource).toEqual(["arn:aws:s3:::state-prod/*"]);
    expect(objects?.Action).toEqual(["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject"]);
    for (const action of bucket?.Action ?? []) expect(action).toMatch(/^s3:(?:Get|List)/u);
    for (const action of [...(bucket?.Action ?? []), ...(objects?.Action ?? [])]) expect(action).not.toMatch(never);
  });

  test("readers and the copier only look [B2, M1]", () => {
    const statements = [readerPolicy("state-prod"), copierPolicy(["state-prod", "state-lab"])]
      .flatMap(({ Statement }) => Statement)
      .filter(({ Effect }) => Effect === "Allow");
    expect(readerPolicy("state-prod").Statement.slice(2)).toEqual(noOtherKeys);
    expect(copierPolicy(["state-prod"]).Statement.slice(2)).toEqual(noOtherKeys);
    for (const action of statements.flatMap(({ Action }) => Action)) expect(action).toMatch(/^s3:(?:Get|List)/u);
    expect(statements.at(-1)?.Resource).toEqual(["arn:aws:s3:::state-lab/*", "arn:aws:s3:::state-prod/*"]);
  });
});

describe("keys", () => {
  test("are new each time, long, and safe in files and commands [B2]", () => {
    const keys = Array.from({ length: 20 }, () => createKeyPair("lifeboat-prod"));
    for (const { secretKey } of keys) expect(secretKey).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(new Set(keys.map(({ secretKey }) => secretKey)).size).toBe(20);
  });

  test("come back from the text of the setting; what is none is none [B2]", () => {
    const key = createKeyPair("lifeboat-prod");
    const keys = { root: createKeyPair("lifeboat@root"), identities: { prod: key }, readers: {} };
    expect(parseStateStoreKeys(formatKeys(keys))).toMatchObject(keys);
    expect(parseKeyPair(formatKeys(key))).toEqual(key);
    expect(parseKeyPair("{")).toBeUndefined();
    expect(parseKeyPair(JSON.stringify({ accessKey: "x" }))).toBeUndefined();
  });
});
