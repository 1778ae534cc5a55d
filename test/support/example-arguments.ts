import type { ContainerArgs } from "../../components/guests/container";
import { exampleContainer } from "./example-environment";

/** The example's container, declared in code. */
export function exampleContainerArgs(): ContainerArgs {
  const { kind: _kind, ...args } = exampleContainer();
  return { ...args, node: "pve-prod" };
}
