package dev.millrace.source;

import dev.millrace.evm.Finality;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.SourceRequest;
import dev.millrace.evm.StopAt;
import dev.millrace.jsonrpc.JsonRpcTransport;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import dev.millrace.rpc.ChainNode;
import dev.millrace.rpc.ChainNodeFactory;
import dev.millrace.rpc.RpcSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Raw caches left by earlier processes, and damage by disks. */
final class WorldCache {
  /** Contents of a cache before the first process of a seed. */
  enum Kind {
    COLD,
    /** All logs of the chain as it began. */
    WARM,
    /** All logs of the chain as it began, with a tail that was taken for final too soon. */
    TAIL,
    /** Logs of a chain with other blocks at the same heights. */
    OTHER_CHAIN,
    /** Logs of a provider that withholds some. */
    LACKING;

    static Kind random(Random random, WorldLimits limits) {
      List<Kind> all = List.of(values());
      Kind drawn = all.get(random.nextInt(all.size()));
      return limits.without(drawn.name().toLowerCase(Locale.ROOT)) ? COLD : drawn;
    }
  }

  private static final int MAX_STEPS = 1_000;

  private WorldCache() {}

  /** Opens a node over simulated endpoints. */
  static ChainNode node(
      long chain,
      Map<String, WorldEndpoint> byName,
      List<String> addresses,
      @Nullable Path directory,
      VirtualRuntime runtime) {
    RpcSettings settings =
        RpcSettings.defaults()
            .withDirectory(Optional.ofNullable(directory))
            .withPoll(Duration.ofSeconds(1));
    return ChainNodeFactory.open(
        addresses,
        chain,
        settings,
        (target, wire) -> {
          WorldEndpoint endpoint = byName.get(target.host());
          if (endpoint == null) {
            throw new IllegalStateException("endpoint is not known: " + target.host());
          }
          return JsonRpcTransport.over(endpoint, wire);
        },
        runtime);
  }

  /** Reads the chain as it began, and leaves its files. */
  static void fill(
      Kind kind,
      WorldChain chain,
      WorldDefinition definition,
      Path directory,
      long from,
      Random random)
      throws Exception {
    WorldChain.Moment moment = chain.moments.getFirst();
    if (kind == Kind.COLD || moment.head().number < from) {
      return;
    }
    EndpointTraits traits =
        EndpointTraits.frozen(kind == Kind.LACKING ? EndpointTraits.UNSEEN : Set.of());
    VirtualRuntime runtime = new VirtualRuntime(1);
    WorldLimits always = WorldLimits.ALL.leaveOut("still").leaveOut("moved");
    WorldEndpoint endpoint =
        new WorldEndpoint(
            "earlier",
            new WorldViews(chain, () -> chain, traits, random, always),
            traits,
            runtime,
            new SourceHistory(runtime),
            new Random(random.nextLong()),
            true,
            0);
    long depth = kind == Kind.TAIL ? 0 : moment.head().number - moment.finalBlock();
    SourceRequest request =
        new SourceRequest(
            definition.indexer((_, _, _) -> {}),
            chain.id,
            List.of(),
            from,
            new StopAt.AtHead(),
            new Finality(Optional.empty(), OptionalLong.of(depth)),
            definition.configured(),
            SourceOptions.DEFAULTS.withAuditRatio(0).withDirectory(directory));
    List<String> addresses = List.of("http://earlier:1/");
    ChainNode node = node(chain.id, Map.of("earlier", endpoint), addresses, directory, runtime);
    ChainSource source =
        new ChainSource(
            request, node, runtime, () -> runtime.threads("read"), LogQueryPlan.MAX_ADDRESSES);
    try (Source.Feed feed = source.open(Source.ResumePoint.START)) {
      for (int i = 0; i < MAX_STEPS && feed.next(MAX_STEPS) != null; i++) {
        runtime.pass(Duration.ofMillis(1));
      }
    } catch (MillraceException ended) {
      // The earlier process may end with a reason, as over answers that contradict each other: it
      // leaves what it has cached until then.
      if (ended.remedy() != Remedy.RESTART) {
        throw ended;
      }
    } finally {
      node.close();
    }
  }

  /** Changes a byte of one file, or cuts it. */
  static void corrupt(Path directory, Random random) throws IOException {
    List<Path> files;
    try (var all = Files.walk(directory)) {
      files = all.filter(Files::isRegularFile).sorted().toList();
    }
    if (files.isEmpty()) {
      return;
    }
    Path file = files.get(random.nextInt(files.size()));
    byte[] bytes = Files.readAllBytes(file);
    if (bytes.length == 0) {
      return;
    }
    if (random.nextBoolean()) {
      bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bytes);
    } else {
      Files.write(file, java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length)));
    }
  }
}
