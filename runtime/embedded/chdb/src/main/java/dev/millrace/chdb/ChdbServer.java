package dev.millrace.chdb;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The main class of the process that holds the engine. It shuts down cleanly when its input ends,
 * so a supervisor need not find it to stop it, and it cannot outlive its supervisor.
 *
 * <p>Two of them may start in one directory, if a supervisor was killed and the next one does not
 * wait: the engine's lock lets one of them in, so until then each touches only files that bear its
 * own pid.
 *
 * <p>Arguments: the library, the data directory, the configuration, a directory for the FIFO and
 * the file that announces readiness, the port of HTTP and that of the native protocol.
 */
final class ChdbServer {
  /**
   * A clean shutdown takes a quarter of a second, or else hangs. What was acknowledged is on disk.
   */
  private static final Duration MAX_END = Duration.ofSeconds(5);

  private static final Pattern FIFOS = Pattern.compile("engine(?:\\.(\\d+))?\\.fifo");

  private final Path directory;
  private final Path fifo;
  private final Path ready;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean stopping;

  private ChdbServer(Path directory) {
    this.directory = directory;
    this.fifo = directory.resolve("engine.%d.fifo".formatted(ProcessHandle.current().pid()));
    this.ready = directory.resolve("engine.ready");
  }

  public static void main(String[] arguments) {
    int code = 1;
    try {
      code = new ChdbServer(Path.of(arguments[3])).serve(List.of(arguments));
    } catch (Throwable broken) {
      System.err.println("engine cannot be served: cause=" + broken);
    }
    Library.exit(code);
  }

  private int serve(List<String> arguments) throws IOException {
    Files.deleteIfExists(fifo); // left by an earlier process with this pid
    Library.makeFifo(fifo);
    Library library = Library.load(Path.of(arguments.get(0)));
    Thread.ofPlatform().daemon().name("stop").start(this::awaitStop);
    String failure =
        library.run(
            List.of(
                "clickhouse",
                "--path=" + arguments.get(1),
                "--config-file=" + arguments.get(2),
                "--listen_host=127.0.0.1",
                "--http_port=" + arguments.get(4),
                "--tcp_port=" + arguments.get(5),
                "--query=" + script()));
    ended.countDown();
    Files.deleteIfExists(fifo);
    if (!stopping) {
      System.err.println("engine has ended by itself: cause=" + failure);
      return 1;
    }
    return 0;
  }

  /**
   * Reads from a FIFO as a client does with its own file: {@code file()} would need the right to
   * read any. A {@code KILL QUERY} does not end it.
   */
  private String script() {
    return """
    SYSTEM START LISTEN HTTP;
    SYSTEM START LISTEN TCP;
    INSERT INTO FUNCTION null('line String') FROM INFILE '%s' FORMAT LineAsString;
    SYSTEM STOP LISTEN HTTP;
    SYSTEM STOP LISTEN TCP;
    """
        .formatted(fifo.toString().replace("\\", "\\\\").replace("'", "\\'"));
  }

  private void awaitStop() {
    try {
      // Opens when the engine reads the FIFO, so after the ports.
      try (OutputStream _ = Files.newOutputStream(fifo)) {
        removeFifos();
        announce();
        while (System.in.read() >= 0) {
          // The input is ignored; only its end counts.
        }
        stopping = true;
      }
      if (!ended.await(MAX_END.toMillis(), TimeUnit.MILLISECONDS)) {
        System.err.println("engine does not end by itself, it is ended");
        Library.exit(0);
      }
    } catch (IOException | InterruptedException | RuntimeException broken) {
      System.err.println("engine cannot be served: cause=" + broken);
      Library.exit(1);
    }
  }

  /** Removes our own FIFO, which both ends have open, and those of processes that were killed. */
  private void removeFifos() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Matcher name = FIFOS.matcher(file.getFileName().toString());
        if (name.matches() && (file.equals(fifo) || isOver(name.group(1)))) {
          Files.deleteIfExists(file);
        }
      }
    }
  }

  private static boolean isOver(@Nullable String process) {
    return process == null || ProcessHandle.of(Long.parseLong(process)).isEmpty();
  }

  private void announce() throws IOException {
    Path draft = ready.resolveSibling(ready.getFileName() + ".draft");
    Files.writeString(draft, ProcessHandle.current().pid() + "\n");
    Files.move(draft, ready, StandardCopyOption.ATOMIC_MOVE);
  }
}
