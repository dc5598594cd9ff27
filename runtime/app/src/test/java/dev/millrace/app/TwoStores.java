package dev.millrace.app;

import dev.millrace.clickhouse.client.MirrorSettings;
import dev.millrace.config.Config;
import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainSettings;
import dev.millrace.evm.Event;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.evm.StopAt;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Entity;
import dev.millrace.loaders.EventId;
import dev.millrace.loaders.Id;
import dev.millrace.loaders.MirrorOptions;
import dev.millrace.loaders.Storage;
import dev.millrace.loaders.Versions;
import dev.millrace.pipeline.CommitStore;
import dev.millrace.pipeline.Failpoint;
import dev.millrace.pipeline.Source;
import dev.millrace.runner.ConfiguredMirror;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.IndexerRuntime;
import dev.millrace.runner.IndexerStatus;
import dev.millrace.runner.MirrorDatabase;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.servers.ClickHouseSettings;
import dev.millrace.servers.EmbeddedClickHouse;
import dev.millrace.servers.EmbeddedPostgres;
import dev.millrace.servers.PostgresSettings;
import dev.millrace.verify.StoreVerification;
import dev.millrace.verify.VerificationResult;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;

/** An indexer over a PostgreSQL and a ClickHouse of its own, and a chain with reorgs. */
final class TwoStores {
  /** The number of blocks below the head that may still be replaced. */
  static final long REVERSIBLE = 40;

  final DevChain chain;
  final Config config;
  final EvmIndexer indexer;

  /** Skips a class if the library is neither there nor can be downloaded, and prints that. */
  static final class WhereTheEngineIs implements ExecutionCondition {
    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
      Optional<String> missing = EmbeddedClickHouse.missing();
      if (missing.isEmpty()) {
        return ConditionEvaluationResult.enabled("the engine's library is there, or npm");
      }
      System.err.println("LEFT OUT: " + context.getDisplayName() + ": " + missing.get());
      return ConditionEvaluationResult.disabled(missing.get());
    }
  }

  @Event("Transfer(address indexed from, address indexed to, uint256 value)")
  record Transferred(Address from, Address to, BigInteger value) {}

  @Entity
  record Account(@Id Address address, BigInteger balance, long moves) {}

  @Entity(immutable = true)
  record Transfer(@Id EventId id, Address sender, Address receiver, BigInteger value, Instant at) {}

  /** Is saved and deleted; the mirror keeps only its last version. */
  @Entity
  @MirrorOptions(versions = Versions.LATEST)
  record Busy(@Id Address address, long block) {}

  @Entity(storage = Storage.POSTGRES)
  record Total(@Id long id, long events) {}

  @Entity(storage = Storage.CLICKHOUSE, immutable = true)
  record Trace(@Id EventId id, String text) {}

  @Entity(immutable = true)
  @MirrorOptions(ttl = "at + INTERVAL 10 YEAR")
  record Fleeting(@Id EventId id, Instant at) {}

  TwoStores(String name, Path data) {
    this(name, data, all(name));
  }

  TwoStores(String name, Path data, EvmIndexer indexer) {
    this.chain = new DevChain(DevChainSettings.of("dev://chain?seed=5&logs=4&blocks=300"));
    this.indexer = indexer;
    this.config =
        new Config(
            name,
            new Config.Stores(
                new Config.Postgres.Embedded(),
                Optional.of(
                    new Config.ClickHouse(new Config.ClickHouse.Embedded(), name, Storage.BOTH))),
            List.of(
                new Config.Chain(
                    DevChain.ID,
                    List.of(new Config.Endpoint(URI.create("dev://chain"))),
                    0,
                    new Config.End.Latest(),
                    new Config.Finality(Optional.empty(), OptionalInt.empty()),
                    List.of())),
            new LaneSettings(4, 60, 1 << 26, 1 << 16),
            OptionalInt.empty(),
            data);
  }

  static EvmIndexer all(String name) {
    return Evm.indexer(name)
        .entities(
            Account.class, Transfer.class, Busy.class, Total.class, Trace.class, Fleeting.class)
        .contract(
            "Token",
            token -> token.on(Transferred.class, (event, context) -> index(event, context, true)))
        .build();
  }

  /** Builds an indexer without entities in ClickHouse alone. */
  static EvmIndexer shared(String name) {
    return Evm.indexer(name)
        .entities(Account.class, Transfer.class, Busy.class, Total.class)
        .contract(
            "Token",
            token -> token.on(Transferred.class, (event, context) -> index(event, context, false)))
        .build();
  }

  private static void index(Transferred event, EvmContext context, boolean everything) {
    EventId id = context.eventId();
    Instant at = context.block().timestamp();
    context.save(new Transfer(id, event.from(), event.to(), event.value(), at));
    move(context, event.from(), event.value().negate());
    move(context, event.to(), event.value());
    if (id.logIndex() % 2 == 0) {
      context.save(new Busy(event.to(), id.block()));
    } else {
      context.delete(Busy.class, event.to());
    }
    long events = context.find(Total.class, 0L).map(Total::events).orElse(0L);
    context.save(new Total(0, events + 1));
    if (everything) {
      context.save(new Trace(id, "transfer " + id));
      context.save(new Fleeting(id, at));
    }
  }

  private static void move(EvmContext context, Address owner, BigInteger amount) {
    Account account =
        context.find(Account.class, owner).orElseGet(() -> new Account(owner, BigInteger.ZERO, 0));
    context.save(new Account(owner, account.balance().add(amount), account.moves() + 1));
  }

  /** Runs to the head of the chain; returns the failure if it could not. */
  Optional<String> run() {
    return run(config, Failpoint.NONE);
  }

  Optional<String> run(Config asked, Failpoint failpoint) {
    RuntimeWiring wiring = new RuntimeWiring(indexer, asked);
    IndexerRuntime.Connectors connectors =
        new IndexerRuntime.Connectors() {
          @Override
          public List<Source> sources() {
            return List.of(chain.source(indexer, new StopAt.AtHead(), REVERSIBLE));
          }

          @Override
          public CommitStore store(Failpoint same) {
            return wiring.store(same);
          }

          @Override
          public Optional<ConfiguredMirror> mirror(Failpoint same) {
            return wiring.mirror(same);
          }
        };
    try (IndexerRuntime runtime =
        new IndexerRuntime(indexer, asked, connectors, failpoint, Duration.ofSeconds(20))) {
      runtime.start();
      IndexerStatus ended = runtime.await();
      return ended
          .failure()
          .map(failure -> ExitCode.of(failure.remedy()) + " " + failure.message());
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  VerificationResult verify() {
    return StoreVerification.of(config, indexer).run();
  }

  /** Runs a statement in ClickHouse, in the mirror's database. */
  String clickhouse(String sql) {
    try (MirrorDatabase database = MirrorDatabase.open(config);
        HttpClient client = HttpClient.newHttpClient()) {
      MirrorSettings settings = database.settings();
      HttpRequest request =
          HttpRequest.newBuilder(
                  URI.create(settings.url() + "/?mutations_sync=2&database=" + settings.database()))
              .header("X-ClickHouse-User", settings.user())
              .header("X-ClickHouse-Key", settings.password())
              .POST(HttpRequest.BodyPublishers.ofString(sql))
              .build();
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new AssertionError(answer.body());
      }
      return answer.body().strip();
    } catch (IOException | InterruptedException failed) {
      throw new AssertionError(failed);
    }
  }

  /**
   * Stops the servers: they outlive their last user by seconds, and would write where JUnit is
   * deleting.
   */
  static void stopServers(Path data) {
    EmbeddedPostgres.start(
            data.resolve("postgres"), PostgresSettings.standard().withCache(data.resolve("cache")))
        .stop();
    EmbeddedClickHouse.start(data.resolve("clickhouse"), ClickHouseSettings.standard()).stop();
  }
}
