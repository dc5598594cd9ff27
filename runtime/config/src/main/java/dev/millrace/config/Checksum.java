package dev.millrace.config;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Address;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The checksum of an address, which hides in the case of its letters (EIP-55). An address in one
 * case only has none.
 */
final class Checksum {
  private Checksum() {}

  static boolean isKept(String written) {
    String digits = written.substring(2);
    return digits.equals(digits.toLowerCase(Locale.ROOT))
        || digits.equals(digits.toUpperCase(Locale.ROOT))
        || written.equals(of(Address.of(written)));
  }

  static String of(Address address) {
    String digits = address.toString().substring(2).toLowerCase(Locale.ROOT);
    byte[] hash = new Keccak(256).digest(digits.getBytes(StandardCharsets.US_ASCII));
    StringBuilder written = new StringBuilder("0x");
    for (int i = 0; i < digits.length(); i++) {
      // The i-th half byte of the hash says whether the i-th digit is written large.
      int half = hash[i / 2] >> (i % 2 == 0 ? 4 : 0) & 0xf;
      char digit = digits.charAt(i);
      written.append(half > 7 ? Character.toUpperCase(digit) : digit);
    }
    return written.toString();
  }
}
