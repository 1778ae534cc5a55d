/**
 * Makes an image `databases` of the guest's own programs, and two servers of it as the official images run theirs: PostgreSQL as
 * `shop-db`, MariaDB as `crm-db`, each with a database `boxed` of 50 rows.
 */
export const databaseImage =
  "tar -C / --one-file-system --exclude='./usr/lib/*/libLLVM*' --exclude='*llvmjit*' --exclude=./usr/bin/docker* --exclude=./usr/sbin/dockerd " +
  "--exclude='./usr/bin/containerd*' --exclude=./usr/bin/restic --exclude=./usr/bin/rclone --exclude=./usr/lib/modules " +
  "--exclude=./etc/resolv.conf --exclude=./etc/hostname --exclude=./etc/hosts --exclude=./usr/share/doc " +
  "-c ./bin ./sbin ./lib ./lib64 ./usr ./etc | docker import - databases >/dev/null";

const postgres = [
  "mkdir -p /tmp /run/postgresql /data /var && ln -sfn /run /var/run",
  "chmod 1777 /tmp /run/postgresql",
  "chown postgres /data",
  'printf %s "$POSTGRES_PASSWORD" > /pw && chmod 644 /pw',
  "export PATH=$PATH:/usr/lib/postgresql/15/bin",
  "cd /",
  "setpriv --reuid=postgres --regid=postgres --clear-groups initdb -D /data -U postgres --pwfile=/pw --auth-local=trust --auth-host=scram-sha-256 >/dev/null",
  "exec setpriv --reuid=postgres --regid=postgres --clear-groups postgres -D /data -k /run/postgresql",
].join(" && ");

const mariadb = [
  "mkdir -p /tmp /run/mysqld /data",
  "chmod 1777 /tmp",
  "chown mysql /run/mysqld /data",
  "mariadb-install-db --no-defaults --user=mysql --datadir=/data --auth-root-authentication-method=normal --skip-test-db >/dev/null",
  "echo \"ALTER USER root@localhost IDENTIFIED BY '$MARIADB_ROOT_PASSWORD';\" > /init.sql",
  "chmod 644 /init.sql",
  "exec mariadbd --no-defaults --user=mysql --datadir=/data --socket=/run/mysqld/mysqld.sock --init-file=/init.sql",
].join(" && ");

export const databaseServers = `set -e
cat > /root/postgres.sh <<'end'
${postgres}
end
cat > /root/mariadb.sh <<'end'
${mariadb}
end
docker run -d --name shop-db -e POSTGRES_PASSWORD=inside databases sh -c "$(cat /root/postgres.sh)" >/dev/null
docker run -d --name crm-db -e MARIADB_ROOT_PASSWORD=inside databases sh -c "$(cat /root/mariadb.sh)" >/dev/null
root() { docker exec -i crm-db sh -c 'MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb'; }
for attempt in $(seq 100); do
	if docker exec shop-db psql -U postgres -qXc 'SELECT 1' >/dev/null 2>&1 && echo 'SELECT 1' | root >/dev/null 2>&1; then break; fi
	sleep 0.3
done
docker exec shop-db psql -U postgres -qXc 'CREATE DATABASE boxed'
docker exec shop-db psql -U postgres -qX -d boxed -c 'CREATE TABLE orders AS SELECT generate_series(1, 50) AS id'
echo 'CREATE DATABASE boxed; USE boxed; CREATE TABLE people AS SELECT seq AS id FROM seq_1_to_50;' | root
`;
