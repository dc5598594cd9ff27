package dev.millrace.abi;

import com.joemelsha.crypto.hash.Keccak;
import dev.millrace.loaders.Address;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Parses and prints addresses whose upper and lower case are a checksum (EIP-55). Letters of one
 * case alone carry none.
 */
public final class ChecksumAddress {
  private ChecksumAddress() {}

  /**
   * Parses an address.
   *
   * @throws IllegalArgumentException if it is none, or its checksum is wrong
   */
  public static Address of(String text) {
    Address address = Address.of(text);
    String digits = text.substring(2);
    boolean oneCase =
        digits.equals(digits.toLowerCase(Locale.ROOT))
            || digits.equals(digits.toUpperCase(Locale.ROOT));
    if (!oneCase && !text(address).equals("0x" + digits)) {
      throw new IllegalArgumentException(
          "address has a wrong checksum, so a digit of it is wrong or the case of a letter:"
              + " value=%s checksummed=%s".formatted(text, text(address)));
    }
    return address;
  }

  /** The address with its checksum. */
  public static String text(Address address) {
    String digits = address.toString().substring(2);
    byte[] hash = new Keccak(256).digest(digits.getBytes(StandardCharsets.US_ASCII));
    StringBuilder text = new StringBuilder("0x");
    for (int i = 0; i < digits.length(); i++) {
      int nibble = (hash[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 0xF;
      char digit = digits.charAt(i);
      text.append(nibble >= 8 ? Character.toUpperCase(digit) : digit);
    }
    return text.toString();
  }
}
