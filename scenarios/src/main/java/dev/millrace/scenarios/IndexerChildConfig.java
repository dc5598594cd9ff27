package dev.millrace.scenarios;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.loaders.Address;
import dev.millrace.postgres.client.DatabaseSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The config of a child: small batches and a reversible window, so that it commits often and keeps
 * history.
 *
 * @param schema the name that the indexer runs under
 */
record IndexerChildConfig(
    String schema, Stores stores, String contract, Address address, IndexedRange range) {
  /** The variables that carry the passwords, so that no file contains them. */
  static final String PASSWORD = "MILLRACE_CHILD_PASSWORD";

  static final String MIRROR_PASSWORD = "MILLRACE_CHILD_MIRROR_PASSWORD";

  private static final int BATCH_EVENTS = 500;

  /** The stores that a child writes to. */
  record Stores(DatabaseSettings database, Optional<Mirror> mirror) {
    static Stores of(DatabaseSettings database) {
      return new Stores(database, Optional.empty());
    }

    /** Returns the environment of a child. */
    Map<String, String> passwords() {
      Map<String, String> passwords = new HashMap<>();
      passwords.put(PASSWORD, String.valueOf(database.password()));
      mirror.ifPresent(there -> passwords.put(MIRROR_PASSWORD, there.password()));
      return passwords;
    }

    private String mirrorLine() {
      return mirror
          .map(there ->
              "clickhouse: { url: \"%s\", user: \"%s\", password: \"${%s}\" }"
                  .formatted(there.url(), there.user(), MIRROR_PASSWORD))
          .orElse("");
    }
  }

  /** A ClickHouse. */
  record Mirror(String url, String user, String password) {
    static Mirror of(MirrorSettings settings) {
      return new Mirror(settings.url(), settings.user(), settings.password());
    }

    MirrorSettings settings(String name) {
      return MirrorSettings.of(url, user, password, name);
    }

    @Override
    public String toString() {
      return url;
    }
  }

  /**
   * The endpoints and blocks that a child reads.
   *
   * @param rpc the endpoints of the chain
   * @param to the last block; null to follow the chain
   * @param window the number of reversible blocks below the head
   */
  record IndexedRange(List<String> rpc, @Nullable Long to, long window) {
    /** A chain that stands still, in the process of the child itself. */
    static IndexedRange of(DevChainSettings chain) {
      return new IndexedRange(List.of(chain.endpoint()), chain.blocks() - 1, chain.blocks() / 4);
    }

    private String endpoints() {
      return rpc.stream().map(url -> '"' + url + '"').collect(Collectors.joining(", "));
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
        %s
        chains:
          - id: %d
            rpc: [ %s ]
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
                stores.database().url(),
                stores.database().user(),
                PASSWORD,
                stores.mirrorLine(),
                DevChain.ID,
                range.endpoints(),
                range.toLine(),
                range.window(),
                contract,
                address,
                BATCH_EVENTS);
    Files.createDirectories(directory);
    return Files.writeString(directory.resolve(schema + ".yaml"), yaml);
  }
}
