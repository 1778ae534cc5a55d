import { ownStoreIn, recoveryPlace } from "../../../../site/state-store/own-store";

const network = { bridge: "vmbr0", address: "192.0.2.132/24" };
const config = (store: object, guest: object = {}) => ({
  "lifeboat:stateStore": { guest: "store", ...store },
  "lifeboat:guests": { store: { kind: "container", network, ...guest } },
  "lifeboat:stateStoreAuthority": "PEM",
});
const others = [undefined, "text", { "lifeboat:guests": [] }];

test("a guest of another environment reaches the store by the name that its certificate has [I7]", () => {
  const found = ownStoreIn([...others, config({})]);
  expect(found).toEqual({ hostname: "store", address: "192.0.2.132", port: 9000, authority: "PEM" });
  const other = ownStoreIn([config({ ports: { api: 9443 } }, { hostname: "s3.example.com" })]);
  expect(other).toMatchObject({ hostname: "s3.example.com", port: 9443 });
  expect(other && recoveryPlace(other, "prod", "db")).toEqual({
    endpoint: "https://s3.example.com:9443",
    address: "192.0.2.132",
    region: "us-east-1",
    bucket: expect.stringMatching(/^lifeboat-recovery-prod-db-[0-9a-f]{8}$/u),
  });
});

test("a service, or a container whose address nobody knows, is none that guests could be given [I7, B6]", () => {
  const service = { "lifeboat:stateStore": { service: { endpoint: "https://s3.example.com" } }, "lifeboat:guests": {} };
  const unnamed = config({}, { network: { bridge: "vmbr0", address: "dhcp" } });
  expect([ownStoreIn([service]), ownStoreIn([unnamed]), ownStoreIn(others)]).toEqual([undefined, undefined, undefined]);
});
