package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Address;
import dev.millrace.postgres.DatabaseSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The config of a child: small batches and a reversible window, so that it commits often and keeps
 * history.
 *
 * @param schema the name that the indexer runs under
 */
record ChildConfig(
    String schema, DatabaseSettings database, String contract, Address address, Stretch stretch) {
  /** The variable that carries the password, so that no file has it. */
  static final String PASSWORD = "MILLRACE_CHILD_PASSWORD";

  private static final int BATCH_EVENTS = 500;

  /**
   * What a child reads.
   *
   * @param to the last block; null to follow the chain
   * @param window how many blocks below the head are reversible
   */
  record Stretch(String rpc, @Nullable Long to, long window) {
    /** A chain that stands still, in the process of the child itself. */
    static Stretch of(DevChainSettings chain) {
      return new Stretch(chain.endpoint(), chain.blocks() - 1, chain.blocks() / 4);
    }

    private String toLine() {
      return to == null ? "" : "to: " + to;
    }
  }

  Path write(Path directory) throws IOException {
    String yaml =
        """
        name: %s
        postgres:
          url: "%s"
          user: "%s"
          password: "${%s}"
        chains:
          - id: %d
            rpc: [ "%s" ]
            from: 0
            %s
            poll: 50ms
            finality: { depth: %d }
            contracts:
              - name: %s
                address: "%s"
        pipeline: { depth: 4, batchEvents: %d }
        """
            .formatted(
                schema,
                database.url(),
                database.user(),
                PASSWORD,
                DevChain.ID,
                stretch.rpc(),
                stretch.toLine(),
                stretch.window(),
                contract,
                address,
                BATCH_EVENTS);
    Files.createDirectories(directory);
    return Files.writeString(directory.resolve(schema + ".yaml"), yaml);
  }
}
