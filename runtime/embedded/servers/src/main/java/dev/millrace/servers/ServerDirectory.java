package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The files of one server. Its cluster is a directory inside, so that a cluster appears whole or
 * not at all.
 */
record ServerDirectory(ServerKind product, Path root) {
  private static final long MAX_LOG = 16L << 20;

  static ServerDirectory open(ServerKind product, Path directory) {
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
      return new ServerDirectory(product, wanted.toRealPath());
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

  /** Writes a new password to a file that only its owner may read. */
  String writePassword() throws IOException {
    byte[] bytes = new byte[24];
    new SecureRandom().nextBytes(bytes);
    String password = HexFormat.of().formatHex(bytes);
    writeSecret(password(), password + "\n");
    return password;
  }

  String readPassword() throws IOException {
    return Files.readString(password(), UTF_8).strip();
  }

  static void writeSecret(Path file, String text) throws IOException {
    Path draft = file.resolveSibling(file.getFileName() + ".draft");
    Files.deleteIfExists(draft);
    Files.createFile(
        draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(draft, text, UTF_8);
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
  }

  Path state() {
    return root.resolve("server.properties");
  }

  /** Returns the file that the server logs to. */
  Path log() {
    return root.resolve(product.name().toLowerCase(Locale.ROOT) + ".log");
  }

  /** Returns the log of the server to append to; rotates it once it has grown long. */
  Path rotatedLog() throws IOException {
    Path log = log();
    if (Files.exists(log) && Files.size(log) > MAX_LOG) {
      String old = log.getFileName().toString().replace(".log", ".1.log");
      Files.move(log, log.resolveSibling(old), StandardCopyOption.REPLACE_EXISTING);
    }
    return log;
  }

  Path supervisorLog() {
    return root.resolve("supervisor.log");
  }

  /** Copies of the supervisor's classes: the jar they came from may be replaced while it runs. */
  Path supervisorClasses() {
    return root.resolve("supervisor");
  }

  /** Held by a process while it starts the server. */
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

  /** Its presence asks the supervisor to stop without grace once no user is left. */
  Path stopRequest() {
    return root.resolve("stop.request");
  }
}
