package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;

/**
 * The contents of {@code server.properties}: for users that look for the server, and for people.
 * Written by the process that starts the server, and from then on by the supervisor alone.
 *
 * @param pid the process of the server, or 0 while there is none
 * @param rights the way to run the server without root; tried first next time
 * @param detail the reason, for {@code FAILED} and {@code RESTARTING}
 */
record ServerState(Phase phase, long pid, int port, String rights, String detail) {
  static final String HOST = "127.0.0.1";

  enum Phase {
    LAUNCHING,
    STARTING,
    READY,
    RESTARTING,
    FAILED,
    STOPPED
  }

  static Optional<ServerState> find(Path file) {
    Properties properties = new Properties();
    try (Reader reader = Files.newBufferedReader(file, UTF_8)) {
      properties.load(reader);
      return Optional.of(
          new ServerState(
              Phase.valueOf(properties.getProperty("state", "")),
              Long.parseLong(properties.getProperty("pid", "0")),
              Integer.parseInt(properties.getProperty("port", "0")),
              properties.getProperty("rights", ""),
              properties.getProperty("detail", "")));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new EmbeddedException("state of the server cannot be read: file=" + file, e);
    } catch (IllegalArgumentException e) {
      // Edited by hand, or cut short by a full disk: as good as none, the next start writes it
      // anew.
      return Optional.empty();
    }
  }

  /** Readers see the old text or the new one, never a part. */
  void write(ServerDirectory directory) {
    Path file = directory.state();
    ServerKind product = directory.product();
    String text =
        """
        # Where this server listens; the password is in the file beside this one.
        state=%s
        url=%s
        host=%s
        port=%d
        database=%s
        user=%s
        pid=%d
        supervisor=%d
        rights=%s
        detail=%s
        """
            .formatted(
                phase,
                product.url(port),
                HOST,
                port,
                product.database(),
                product.user(),
                pid,
                ProcessHandle.current().pid(),
                rights,
                detail.replace("\\", "\\\\").replace("\n", "\\n"));
    Path draft = file.resolveSibling(file.getFileName() + "." + ProcessHandle.current().pid());
    try {
      Files.writeString(draft, text, UTF_8);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new EmbeddedException(
          "state of the server cannot be written, is the disk full: file=" + file + " cause=" + e,
          e);
    }
  }
}
