package dev.millrace.jsonrpc;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/** Opens connections and converts their failures to {@link RpcCallException}. */
final class SocketConnector {
  private static final int CONNECT_MILLIS = 10_000;

  private SocketConnector() {}

  static DeadlineSocket open(EndpointUrl target, TransportSettings settings) throws IOException {
    int silence = Math.toIntExact(Math.min(settings.timeout().toMillis(), Integer.MAX_VALUE));
    Socket socket = new Socket();
    DeadlineSocket timed = new DeadlineSocket(socket);
    boolean isOpen = false;
    try {
      socket.setTcpNoDelay(true);
      socket.connect(
          new InetSocketAddress(target.host(), target.port()), Math.min(CONNECT_MILLIS, silence));
      socket.setSoTimeout(silence);
      if (target.isSecure()) {
        timed.begin(settings.patienceNanos());
        timed.layer(secured(socket, target));
        timed.end();
      }
      isOpen = true;
      return timed;
    } catch (IOException failed) {
      throw timed.isLate()
          ? RpcCallException.of(RpcCallException.Kind.TIMEOUT, "TLS handshake takes too long")
          : failed;
    } finally {
      if (!isOpen) {
        timed.close();
      }
    }
  }

  private static SSLSocket secured(Socket socket, EndpointUrl target) throws IOException {
    SSLSocketFactory factory = (SSLSocketFactory) SSLSocketFactory.getDefault();
    SSLSocket secured =
        (SSLSocket) factory.createSocket(socket, target.host(), target.port(), true);
    SSLParameters parameters = secured.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    secured.setSSLParameters(parameters);
    secured.startHandshake();
    return secured;
  }

  /**
   * Converts an error of a connection. A thread that was interrupted while it waited finds its
   * connection closed, and gets an {@link InterruptedException} instead.
   */
  static RpcCallException trouble(IOException failed) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    return switch (failed) {
      case RpcCallException trouble -> trouble;
      case SocketTimeoutException _ ->
          RpcCallException.of(RpcCallException.Kind.TIMEOUT, "node keeps silent");
      case UnknownHostException _ ->
          RpcCallException.of(RpcCallException.Kind.TORN, "host has no address");
      case ConnectException refused ->
          RpcCallException.of(RpcCallException.Kind.TORN, text(refused));
      case SSLException refused ->
          RpcCallException.of(RpcCallException.Kind.TORN, "TLS failed: " + text(refused));
      default ->
          RpcCallException.of(RpcCallException.Kind.TORN, "connection ended: " + text(failed));
    };
  }

  private static String text(IOException failed) {
    String message = failed.getMessage();
    return message == null ? "reason unknown" : message.toLowerCase(Locale.ROOT);
  }
}
