/**
 * A receiver of Alertmanager's webhook, for whoever reads its output: each alert that it is told of is a line of JSON.
 *
 *     webhook-receiver ADDRESS PORT
 */
import { createServer } from "node:http";
import * as z from "zod";

const messageSchema = z.object({
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});

const [address, port] = process.argv.slice(2);
const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const { alerts } = messageSchema.parse(JSON.parse(Buffer.concat(parts).toString()));
    for (const alert of alerts) process.stdout.write(`${JSON.stringify(alert)}\n`);
    response.end();
  });
});
server.listen(Number(port), address, () => process.stdout.write("ready\n"));
