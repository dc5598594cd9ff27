package dev.millrace.servers;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Free ports below the ephemeral range. A port inside it could be handed to a client's own socket
 * while the server restarts: a client that keeps trying would then connect to itself and hold the
 * port.
 */
final class FreePortChooser {
  private static final int MIN_PORT = 15432;
  private static final int MAX_PORT = 30000;

  private FreePortChooser() {}

  static int choose(int preferred) {
    if (preferred > 0 && isFree(preferred)) {
      return preferred;
    }
    for (int tries = 0; tries < 1000; tries++) {
      int port = ThreadLocalRandom.current().nextInt(MIN_PORT, MAX_PORT);
      if (isFree(port)) {
        return port;
      }
    }
    throw new EmbeddedException(
        "no port is free, name one in the settings: from=" + MIN_PORT + " to=" + MAX_PORT);
  }

  static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral(ServerState.HOST), port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
