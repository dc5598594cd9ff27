package dev.millrace.scenarios;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.devchain.DevChain;
import dev.millrace.loaders.EntityType;
import dev.millrace.pipeline.Indexer;
import dev.millrace.testkit.SerialOracle;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The loop over the chain, and the router with serial handlers, agree on a chain with forks. */
@Timeout(60)
final class RouteOracleTest {
  private final Indexer indexer = VaultRoutes.indexer();

  @Test
  void tables_areThoseOfTheRouterAndSerialHandlers() throws Exception {
    DevChain chain = new DevChain(ReorgSoak.settings(5, 300)).finality(64);
    for (int fork = 0; fork < 10; fork++) {
      chain.fork(1 + 4 * fork, 3 + 4 * fork);
    }
    SortedMap<String, List<String>> tables = RouteOracle.tables(chain, chain.tip());

    SerialOracle serial = new SerialOracle(indexer).run(chain.source(indexer));

    assertThat(
            rows(serial, VaultRoutes.Delivery.class)
                .map(row -> row.id().value() + " " + row.contract() + " " + row.amount()))
        .containsExactlyElementsOf(columns(tables, RouteTables.DELIVERY, 0, 1, 7));
    assertThat(
            rows(serial, VaultRoutes.Emitter.class)
                .map(row -> row.contract() + " " + row.events() + " " + row.amount()))
        .containsExactlyElementsOf(columns(tables, RouteTables.EMITTER, 1, 2, 3));
    assertThat(rows(serial, VaultRoutes.Tape.class).map(row -> row.digest().toString()))
        .containsExactly("0x" + columns(tables, RouteTables.TAPE, 2).getFirst());
    assertThat(rows(serial, VaultRoutes.Delivery.class).map(VaultRoutes.Delivery::contract))
        .contains(VaultRoutes.FACTORY, VaultRoutes.POOL, VaultRoutes.VAULT, VaultRoutes.ANYWHERE);
  }

  private <E> Stream<E> rows(SerialOracle serial, Class<E> type) {
    EntityType<?> entity =
        indexer.entities().stream()
            .filter(each -> each.type().equals(type))
            .findFirst()
            .orElseThrow();
    return serial.rows(entity).values().stream().map(type::cast);
  }

  private static List<String> columns(
      SortedMap<String, List<String>> tables, String table, int... columns) {
    return tables.getOrDefault(table, List.of()).stream()
        .map(row -> row.split(" ", -1))
        .map(row -> IntStream.of(columns).mapToObj(at -> row[at]).collect(Collectors.joining(" ")))
        .toList();
  }
}
