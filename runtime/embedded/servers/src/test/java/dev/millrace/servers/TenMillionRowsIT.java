package dev.millrace.servers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.clickhouse.client.api.Client;
import com.clickhouse.client.api.insert.InsertResponse;
import com.clickhouse.client.api.insert.InsertSettings;
import com.clickhouse.client.api.query.QueryResponse;
import com.clickhouse.client.api.query.QuerySettings;
import com.clickhouse.data.ClickHouseFormat;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A body of 480 MB goes in and comes out through heaps that could not hold it. */
@Timeout(300)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
@SuppressWarnings("try") // Tests are not interrupted, though the clients declare it.
final class TenMillionRowsIT {
  private static final int ROWS = 10_000_000;
  private static final int WIDTH = 48;

  @TempDir static Path root;

  @Test
  void rows_areInsertedAndScannedInConstantHeap() throws Exception {
    EmbeddedClickHouse server = TestEngines.start(root);
    try {
      TestEngines.run(
          server,
          "CREATE TABLE many (id UInt64, v FixedString(40)) ENGINE = MergeTree ORDER BY id");
      Process user =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx512m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  User.class.getName(),
                  server.url(),
                  server.user(),
                  server.password())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String said = new String(user.getInputStream().readAllBytes(), UTF_8);
      System.err.println(said + memory(server));

      assertThat(said).startsWith("written=10000000 read=10000000 sum=49999995000000 ");
      assertThat(ProcessHandle.of(server.pid().orElseThrow()).orElseThrow().info().arguments())
          .hasValueSatisfying(words -> assertThat(words).contains("-Xmx32m"));
    } finally {
      server.stop();
    }
  }

  /**
   * Describes the memory of the engine's process, heap and library included, where the system
   * reports it.
   */
  private static String memory(EmbeddedClickHouse server) throws IOException {
    Path status = Path.of("/proc", Long.toString(server.pid().orElseThrow()), "status");
    return Files.exists(status)
        ? "engine: "
            + String.join(
                " ",
                Files.readAllLines(status, UTF_8).stream()
                    .filter(line -> line.startsWith("VmHWM") || line.startsWith("VmRSS"))
                    .map(line -> line.replaceAll("\\s+", " "))
                    .toList())
        : "";
  }

  /** Runs in a JVM of its own, with its own heap. */
  static final class User {
    private User() {}

    public static void main(String[] arguments) throws Exception {
      long began = System.nanoTime();
      try (Client client =
          new Client.Builder()
              .addEndpoint(arguments[0])
              .setUsername(arguments[1])
              .setPassword(arguments[2])
              .build()) {
        long written;
        try (InsertResponse response =
            client
                .insert("many", new Rows(), ClickHouseFormat.RowBinary, new InsertSettings())
                .get()) {
          written = response.getWrittenRows();
        }
        long inserted = System.nanoTime();
        long count = 0;
        long sum = 0;
        QuerySettings settings = new QuerySettings().setFormat(ClickHouseFormat.RowBinary);
        try (QueryResponse response = client.query("SELECT id, v FROM many", settings).get();
            DataInputStream in =
                new DataInputStream(new BufferedInputStream(response.getInputStream(), 1 << 16))) {
          byte[] row = new byte[WIDTH];
          while (in.readNBytes(row, 0, WIDTH) == WIDTH) {
            count++;
            for (int i = 7; i >= 0; i--) {
              sum += (row[i] & 0xffL) << (8 * i);
            }
          }
        }
        long scanned = System.nanoTime();
        System.out.println(
            "written="
                + written
                + " read="
                + count
                + " sum="
                + sum
                + " insertMillis="
                + (inserted - began) / 1_000_000
                + " scanMillis="
                + (scanned - inserted) / 1_000_000);
      }
    }
  }

  /** All rows, generated as they are read. */
  private static final class Rows extends InputStream {
    private long at;

    @Override
    public int read() {
      if (at == (long) ROWS * WIDTH) {
        return -1;
      }
      long row = at / WIDTH;
      int place = (int) (at++ % WIDTH);
      return place < 8 ? (int) (row >>> (8 * place)) & 0xff : (int) (row * 31 + place) & 0x7f;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
      int count = 0;
      for (int next = 0; count < length && (next = read()) >= 0; count++) {
        bytes[offset + count] = (byte) next;
      }
      return count == 0 && length > 0 ? -1 : count;
    }
  }
}
