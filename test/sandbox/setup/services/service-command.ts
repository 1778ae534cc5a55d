import type { Layout } from "../layout";
import { type ServiceState, serviceStates, switchService } from "./services";
import type { ServiceName } from "./service";

/** Starts or stops a service of the site; without a name it prints what there is. */
export async function setService(
  layout: Layout,
  projectFolder: string,
  name: ServiceName | undefined,
  action: "start" | "stop" | undefined,
): Promise<void> {
  if (name !== undefined && action !== undefined) return switchService(layout, projectFolder, name, action);
  process.stdout.write(
    serviceLines(serviceStates(layout))
      .map((line) => `${line}\n`)
      .join(""),
  );
}

export function serviceLines(states: readonly ServiceState[]): string[] {
  return states.map(({ service: { name, url }, pid }) => {
    const state = pid === undefined ? `does not run: npm run sandbox -- service ${name} start` : `process ${pid}`;
    return `${name.padEnd(9)} ${url}  ${state}`;
  });
}
