package dev.millrace.servers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Two servers that are the shards of one cluster. */
@Timeout(240)
@ExtendWith(TestEngines.WhereTheLibraryIs.class)
final class PostgresClusterIT {
  @TempDir static Path root;
  private static ClickHouseCluster cluster;

  @BeforeAll
  static void start() {
    cluster = ClickHouseCluster.start(root, 2, TestEngines.small());
  }

  @AfterAll
  static void stop() {
    cluster.stop();
  }

  @Test
  @Tag("K19")
  @DisplayName("K19 rows lie on both shards, and a dead one is an error")
  void distributed_writesToBothShardsAndNoticesADeadOne() throws IOException {
    EmbeddedClickHouse first = cluster.nodes().getFirst();
    EmbeddedClickHouse second = cluster.nodes().getLast();
    for (EmbeddedClickHouse node : cluster.nodes()) {
      TestEngines.run(node, "CREATE TABLE part (id UInt64) ENGINE = MergeTree ORDER BY id");
    }
    TestEngines.run(
        first,
        "CREATE TABLE whole AS part ENGINE = Distributed(lab, default, part, id)"
            + " SETTINGS fsync_after_insert = 1");
    TestEngines.run(
        first,
        "INSERT INTO whole SETTINGS distributed_foreground_insert = 1"
            + " SELECT number FROM numbers(1000)");

    assertThat(TestEngines.run(first, "SELECT count() FROM whole")).isEqualTo("1000");
    assertThat(TestEngines.run(first, "SELECT count() FROM part")).isEqualTo("500");
    assertThat(TestEngines.run(second, "SELECT count() FROM part")).isEqualTo("500");
    assertThat(
            TestEngines.run(
                second, "SELECT uniq(tcpPort()) FROM clusterAllReplicas('lab', system.one)"))
        .isEqualTo("2");

    second.stop();
    assertThatThrownBy(() -> TestEngines.run(first, "SELECT count() FROM whole"))
        .hasMessageContaining("(ALL_CONNECTION_TRIES_FAILED)");
  }
}
