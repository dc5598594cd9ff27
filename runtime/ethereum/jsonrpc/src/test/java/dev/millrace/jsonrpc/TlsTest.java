package dev.millrace.jsonrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that are good, unknown, or of another host. */
@Timeout(120)
final class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @Test
  @Tag("F25")
  @DisplayName("F25 a certificate is believed if it is trusted and names the host, and only then")
  void call_believesOnlyTrustedCertificatesOfTheHost(@TempDir Path directory) throws Exception {
    SSLContext before = SSLContext.getDefault();
    SSLContext ours = context(store(directory, "ours", "ip:127.0.0.1"));
    SSLContext other = context(store(directory, "other", "dns:other.example"));
    try {
      assertThat(trouble(ours)).as("unknown").startsWith("TLS failed");
      SSLContext.setDefault(ours);
      assertThat(trouble(ours)).as("trusted").isEmpty();
      SSLContext.setDefault(other);
      assertThat(trouble(other)).as("of another host").startsWith("TLS failed");
    } finally {
      SSLContext.setDefault(before);
    }
  }

  /** Calls a server with a certificate and returns the text of the trouble, or "". */
  private static String trouble(SSLContext context) throws Exception {
    ServerSocket socket =
        context
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    String reply = "{\"id\":7,\"result\":\"0x5\"}";
    byte[] whole =
        HostileServer.bytes(
            "HTTP/1.1 200 OK\r\nContent-Length: " + reply.length() + "\r\n\r\n" + reply);
    try (HostileServer server =
            new HostileServer(
                socket,
                (head, in, out) -> {
                  out.write(whole);
                  return true;
                });
        JsonRpcTransport transport =
            JsonRpcTransport.to(
                EndpointUrl.of("https://127.0.0.1:" + server.port() + "/"),
                new TransportSettings(Duration.ofSeconds(20), 1 << 20))) {
      RpcCallException trouble =
          catchThrowableOfType(
              RpcCallException.class,
              () ->
                  transport.call(
                      new JsonRpcCall(7, "eth_chainId", "[]"), JsonStreamReader::quantity));
      return trouble == null ? "" : trouble.text();
    }
  }

  static SSLContext context(Path file) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      store.load(in, PASSWORD);
    }
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSWORD);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  static Path store(Path directory, String name, String host) throws Exception {
    Path file = directory.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-ext",
                "san=" + host,
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("keytool.log").toFile())
            .start();
    assertThat(keytool.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(keytool.exitValue()).isZero();
    return file;
  }
}
