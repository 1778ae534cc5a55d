import type { DatabaseGuest } from "../../../support/database-guest/database-guest";

/** SQL as the server's root. @returns what it answers, a line for each row */
export function mariaDb(guest: DatabaseGuest, sql: string): Promise<string> {
  return guest.must("mariadb --batch --skip-column-names --raw", { input: sql });
}

export function quotedName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A database with one of everything that MariaDB keeps in one, and a user `app` (password `app`) who works in it. */
export async function fillShop(guest: DatabaseGuest, name: string): Promise<void> {
  const shop = quotedName(name);
  await mariaDb(
    guest,
    `
CREATE DATABASE IF NOT EXISTS elsewhere;
CREATE TABLE IF NOT EXISTS elsewhere.one (a int);
CREATE DATABASE ${shop} CHARACTER SET latin1 COLLATE latin1_german2_ci COMMENT 'the shop';
USE ${shop};
CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, note varchar(50)) AUTO_INCREMENT = 5000;
CREATE TABLE \`lines\` (of int, CONSTRAINT \`of an order\` FOREIGN KEY (of) REFERENCES orders (id));
CREATE TABLE ran (at timestamp);
CREATE SEQUENCE numbers START WITH 7;
CREATE FUNCTION seven() RETURNS int DETERMINISTIC RETURN 7;
CREATE VIEW many AS SELECT COUNT(*) + seven() AS n FROM orders;
CREATE VIEW \`of \`\`others\`\`\` AS SELECT * FROM elsewhere.one;
CREATE DEFINER=gone@nowhere VIEW whose AS SELECT id, note FROM orders;
CREATE DEFINER=gone@nowhere PROCEDURE forget() DELETE FROM orders;
ALTER DATABASE ${shop} COLLATE latin1_swedish_ci;
CREATE PROCEDURE other() SELECT 1;
ALTER DATABASE ${shop} COLLATE latin1_german2_ci;
CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = CONCAT(NEW.note, '!');
CREATE EVENT nightly ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ran VALUES (CURRENT_TIMESTAMP);
CREATE EVENT asleep ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM orders;
CREATE USER app IDENTIFIED BY 'app';
GRANT ALL ON ${shop}.* TO app;
GRANT EXECUTE ON PROCEDURE ${shop}.forget TO app;
`,
  );
}
