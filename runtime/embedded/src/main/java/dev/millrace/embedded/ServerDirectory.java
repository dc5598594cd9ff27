package dev.millrace.embedded;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The files of one server. Its cluster is a directory inside, so that a cluster appears whole or
 * not at all.
 */
record ServerDirectory(Path root) {

  static ServerDirectory open(Path directory) {
    Path wanted = directory.toAbsolutePath().normalize();
    try {
      if (Files.notExists(wanted)) {
        Files.createDirectories(wanted);
        Files.setPosixFilePermissions(wanted, PosixFilePermissions.fromString("rwx------"));
      }
      if (!Files.isDirectory(wanted)) {
        throw new NotDirectoryException(wanted.toString());
      }
      // One server is one real path: two names for it must meet the same locks in this JVM too.
      return new ServerDirectory(wanted.toRealPath());
    } catch (IOException | UnsupportedOperationException e) {
      throw new EmbeddedException(
          "data directory must be a directory that we may create and write: directory="
              + wanted
              + " cause="
              + e,
          e);
    }
  }

  Path cluster() {
    return root.resolve("pgdata");
  }

  Path postmasterPid() {
    return cluster().resolve("postmaster.pid");
  }

  Path conf() {
    return root.resolve("postgresql.conf");
  }

  Path hba() {
    return root.resolve("pg_hba.conf");
  }

  Path password() {
    return root.resolve("password");
  }

  Path state() {
    return root.resolve("server.properties");
  }

  Path log() {
    return root.resolve("postgres.log");
  }

  Path supervisorLog() {
    return root.resolve("supervisor.log");
  }

  /** Copies of the supervisor's classes: the jar they came from may be replaced while it runs. */
  Path supervisorClasses() {
    return root.resolve("supervisor");
  }

  /** Held by whoever starts a server here, while it does. */
  Path startLock() {
    return root.resolve("start.lock");
  }

  /** Shared by every user for as long as it lives; taken exclusively by a supervisor that stops. */
  Path usersLock() {
    return root.resolve("users.lock");
  }

  /** Held by the supervisor for as long as it lives. */
  Path supervisorLock() {
    return root.resolve("supervisor.lock");
  }

  /** Its presence asks the supervisor to stop without grace once nobody is left. */
  Path stopRequest() {
    return root.resolve("stop.request");
  }
}
