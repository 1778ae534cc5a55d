import { inspectAuthority } from "../../../../../scripts/inspect/doctor/bucket";
import { createAuthority } from "../../../../../site/state-store/authority";
import { declaredStore } from "../../../../../site/state-store/location";
import { environmentOf } from "../../../../support/example-environment";
import { storeSettings } from "../../../../support/example-store";

const settings = environmentOf(storeSettings(), "monitoring");

async function checked(names: readonly string[]) {
  const { certificate } = await createAuthority("site", names, new Date());
  const declared = declaredStore(settings);
  const stateStore = () => declared && { ...declared, authority: certificate };
  return inspectAuthority({ name: "monitoring", settings, stateStore });
}

test("doctor names an authority that is trusted for other names than the store's, with what limits it [N4]", async () => {
  expect(await checked(["192.0.2.132", "store"])).toMatchObject([{ verdict: "ok" }]);
  expect(await checked(["192.0.2.132"])).toMatchObject([
    { verdict: "warning", hint: expect.stringContaining("lifeboat up monitoring") },
  ]);
});
