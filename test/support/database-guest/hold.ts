import { DatabaseGuest } from "./database-guest";

// Starts a guest and stays: for a test that kills it.
void DatabaseGuest.start().then((guest) => {
  process.stdout.write(`${guest.pid}\n`);
  setInterval(() => undefined, 1000);
});
