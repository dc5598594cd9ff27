package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.function.Consumer;

/**
 * The files that PostgreSQL owns, and the password they know. Used by the holder of the start lock
 * while no server runs.
 */
record PostgresCluster(
    ServerDirectory directory,
    PostgresBinaries binaries,
    UnprivilegedUser rights,
    boolean durable) {
  private static final String DRAFT = "pgdata.draft-";

  /**
   * Creates the cluster if there is none, and otherwise ensures that the existing one can be
   * opened.
   */
  void prepare(Consumer<String> progress) {
    try {
      if (Files.exists(directory.cluster())) {
        requireOurVersion();
        rights.own(directory.cluster());
        if (Files.notExists(directory.password())) {
          progress.accept("choosing a new password, the file is gone");
          single(directory.cluster(), setPassword(directory.writePassword()));
        }
      } else {
        progress.accept("making a new cluster in " + directory.root());
        create();
      }
    } catch (IOException e) {
      throw new EmbeddedException(
          "cluster must be on a disk that we may write and that has room: directory="
              + directory.root()
              + " cause="
              + e,
          e);
    }
  }

  private void requireOurVersion() throws IOException {
    Path file = directory.cluster().resolve("PG_VERSION");
    String found = Files.exists(file) ? Files.readString(file, UTF_8).strip() : "none";
    if (!found.equals(binaries.major())) {
      throw new EmbeddedException(
          "data directory belongs to another major version of PostgreSQL; remove it and index again, or"
              + " dump it with the Millrace that made it: directory="
              + directory.cluster()
              + " found="
              + found
              + " needed="
              + binaries.major());
    }
  }

  private void create() throws IOException {
    removeDrafts();
    Path draft = Files.createTempDirectory(directory.root(), DRAFT);
    rights.own(draft);
    ChildCommand.Result made =
        ChildCommand.run(
            rights.command(
                binaries.program("initdb"),
                "--pgdata=" + draft,
                "--username=" + directory.product().user(),
                "--encoding=UTF8",
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                // Checksums put every first touch of a page into the WAL; the rows can be indexed
                // again.
                "--no-data-checksums",
                // The pg_hba file that decides is ours, beside the cluster.
                "--auth=reject",
                "--no-instructions",
                durable ? "--sync-method=fsync" : "--no-sync"));
    if (!made.succeeded()) {
      PostgresBinaries.delete(draft);
      throw new EmbeddedException(
          "cluster cannot be made" + ChildCommand.noteOnDisk(directory.root(), made));
    }
    String password =
        Files.exists(directory.password()) ? directory.readPassword() : directory.writePassword();
    single(draft, setPassword(password) + "CREATE DATABASE " + directory.product().user() + ";\n");
    Files.move(draft, directory.cluster(), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Removes the leftovers of starts that were killed. */
  private void removeDrafts() throws IOException {
    try (DirectoryStream<Path> drafts = Files.newDirectoryStream(directory.root(), DRAFT + "*")) {
      for (Path draft : drafts) {
        PostgresBinaries.delete(draft);
      }
    }
  }

  private static String setPassword(String password) {
    return "ALTER ROLE " + ServerKind.POSTGRES.user() + " PASSWORD '" + password + "';\n";
  }

  /** Runs statements without a server, one on each line. */
  private void single(Path cluster, String statements) {
    ChildCommand.Result result =
        ChildCommand.run(
            rights.command(
                binaries.program("postgres"), "--single", "-D", cluster.toString(), "template1"),
            statements);
    if (!result.succeeded() || result.output().contains("ERROR:")) {
      // The log of a failed statement may repeat it.
      result =
          new ChildCommand.Result(
              result.code(), result.output().replaceAll("'[0-9a-f]{48}'", "'…'"));
      throw new EmbeddedException(
          "cluster cannot be given its password and database"
              + ChildCommand.noteOnDisk(cluster, result));
    }
  }
}
