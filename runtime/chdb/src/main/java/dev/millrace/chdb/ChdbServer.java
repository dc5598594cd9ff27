package dev.millrace.chdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * The main of the process that holds the engine. It ends in order when its input ends, so whoever
 * started it need not find it to stop it, and it cannot outlive them.
 *
 * <p>Arguments: the library, the engine's data directory, its configuration, the accounts, the
 * port, and the file that says that clients may come.
 */
final class ChdbServer {
  private ChdbServer() {}

  public static void main(String[] arguments) {
    try {
      serve(arguments);
    } catch (Throwable broken) {
      // A thread of the library or of a client would keep a process that nobody can use or find.
      System.err.println("engine cannot be served: cause=" + broken);
      Runtime.getRuntime().halt(1);
    }
    // The library leaves threads behind that would keep the process.
    Runtime.getRuntime().halt(0);
  }

  private static void serve(String[] arguments) throws IOException {
    HttpServer server = new HttpServer(Integer.parseInt(arguments[4]));
    Engine engine =
        Engine.open(Path.of(arguments[0]), Path.of(arguments[1]), Path.of(arguments[2]));
    QueryHandler handler =
        new QueryHandler(engine, Accounts.read(Path.of(arguments[3])), server.threads());
    Thread.ofPlatform().name("accept").start(() -> server.serve(engine, handler));
    announce(Path.of(arguments[5]), engine.version());
    while (System.in.read() >= 0) {
      // Nothing is said here; only its end says something.
    }
    server.close();
    engine.close();
  }

  private static void announce(Path file, String version) throws IOException {
    Path draft = file.resolveSibling(file.getFileName() + ".draft");
    Files.writeString(draft, ProcessHandle.current().pid() + "\n" + version + "\n");
    Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
