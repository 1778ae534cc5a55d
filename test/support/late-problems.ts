import * as pulumi from "@pulumi/pulumi";
import { Container } from "../../components/guests/container";
import { exampleContainerArgs } from "./example-arguments";

/**
 * A program whose outputs turn out to be wrong, in a process of its own: Pulumi leaves their rejections to the process.
 * Prints, as JSON, what it was told, and the types that were registered all the same.
 */
async function main(): Promise<void> {
  const told = new Set<string>();
  const registered: string[] = [];
  process.on("unhandledRejection", (error) => told.add(error instanceof pulumi.RunError ? error.message : "a bug"));
  await pulumi.runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push(type);
      return { id: `${name}-id`, state: { ...inputs } };
    },
    call: ({ token }) => {
      throw new Error(`function ${token} was called`);
    },
  });
  const network = pulumi.output({ bridge: "no bridge", address: "dhcp" });
  const pool = pulumi.secret("not a pool");
  const made = [
    new Container("web", { ...exampleContainerArgs(), network, environment: "prod" }),
    new Container("db", { ...exampleContainerArgs(), pool, environment: "prod" }),
  ];
  await new Promise((done) => setTimeout(done, 500));
  process.stdout.write(JSON.stringify({ told: [...told].sort(), registered, declared: made.length }));
  process.exit(0);
}

void main();
