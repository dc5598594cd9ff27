package dev.millrace.evm;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Source;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Finds the source that can read a chain. */
public final class SourceProviders {
  private SourceProviders() {}

  /**
   * Returns the source of a chain, from the provider that supports the scheme of its endpoints.
   *
   * @throws MillraceException if no provider does
   */
  public static Source source(SourceRequest request) {
    Set<String> schemes = new TreeSet<>();
    request.endpoints().forEach(endpoint -> schemes.add(scheme(endpoint)));
    TreeMap<String, SourceProvider> known = new TreeMap<>();
    for (SourceProvider provider : ServiceLoader.load(SourceProvider.class)) {
      provider.schemes().forEach(scheme -> known.putIfAbsent(scheme, provider));
      if (!schemes.isEmpty() && provider.schemes().containsAll(schemes)) {
        return provider.source(request);
      }
    }
    // An endpoint often carries a key, so messages name its scheme alone.
    throw new MillraceException(
        Remedy.FIX_SETUP,
        "no source reads these endpoints: chain=%d schemes=%s known=%s"
            .formatted(request.chain(), schemes, known.keySet()));
  }

  private static String scheme(String endpoint) {
    int end = endpoint.indexOf("://");
    return end < 0 ? "" : endpoint.substring(0, end).toLowerCase(Locale.ROOT);
  }
}
