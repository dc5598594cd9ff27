package dev.millrace.servers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Several embedded servers that know each other as the shards of one cluster: a lab for {@code
 * Distributed}, {@code remote()} and {@code clusterAllReplicas}. Without replication, because there
 * is no Keeper.
 */
public final class ClickHouseCluster implements AutoCloseable {
  /** The name of the cluster in {@code Distributed(lab, …)}. */
  public static final String NAME = "lab";

  private final List<EmbeddedClickHouse> nodes;

  private ClickHouseCluster(List<EmbeddedClickHouse> nodes) {
    this.nodes = nodes;
  }

  /** Starts this many servers, each in a directory of its own, one shard each. */
  public static ClickHouseCluster start(Path directory, int shards, ClickHouseSettings settings) {
    List<ServerDirectory> places = new ArrayList<>();
    List<Integer> ports = new ArrayList<>();
    for (int i = 0; i < shards; i++) {
      ServerDirectory place =
          ServerDirectory.open(ServerKind.CLICKHOUSE, directory.resolve("node-" + i));
      int port = FreePortChooser.choose(EngineProcess.tcpPort(place));
      while (ports.contains(port)) {
        port = FreePortChooser.choose(0);
      }
      places.add(place);
      ports.add(port);
    }
    List<EmbeddedClickHouse> started = new ArrayList<>();
    try {
      String password =
          Files.exists(places.getFirst().password())
              ? places.getFirst().readPassword()
              : places.getFirst().writePassword();
      for (int i = 0; i < shards; i++) {
        ServerDirectory place = places.get(i);
        ServerDirectory.writeSecret(place.password(), password + "\n");
        Path more = Files.createDirectories(place.root().resolve("config.d"));
        ServerDirectory.writeSecret(more.resolve("cluster.xml"), config(ports, password));
        started.add(EmbeddedClickHouse.start(place.root(), settings.withTcpPort(ports.get(i))));
      }
      return new ClickHouseCluster(List.copyOf(started));
    } catch (IOException e) {
      started.forEach(EmbeddedClickHouse::close);
      throw new EmbeddedException("directory must be writable: directory=" + directory, e);
    } catch (RuntimeException e) {
      started.forEach(EmbeddedClickHouse::close);
      throw e;
    }
  }

  private static String config(List<Integer> ports, String password) {
    StringBuilder text = new StringBuilder("<clickhouse><remote_servers><" + NAME + ">\n");
    for (int port : ports) {
      text.append(
          """
          <shard><replica>
            <host>%s</host><port>%d</port><user>%s</user><password>%s</password>
          </replica></shard>
          """
              .formatted(ServerState.HOST, port, ServerKind.CLICKHOUSE.user(), password));
    }
    return text.append("</" + NAME + "></remote_servers></clickhouse>\n").toString();
  }

  /** Returns the servers in the order of their shards. */
  public List<EmbeddedClickHouse> nodes() {
    return nodes;
  }

  /** Stops the servers and waits until they have ended. */
  public void stop() {
    nodes.forEach(EmbeddedClickHouse::stop);
  }

  @Override
  public void close() {
    nodes.forEach(EmbeddedClickHouse::close);
  }
}
