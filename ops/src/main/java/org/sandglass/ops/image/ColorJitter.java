package org.sandglass.ops.image;

import java.io.Serializable;

/**
 * How far brightness, contrast and saturation vary: each is multiplied by a factor drawn from [max(0, 1 − x), 1 + x], in
 * a random order, as torchvision's transform of this name does on Pillow images.
 */
public record ColorJitter(double brightness, double contrast, double saturation) implements Serializable {

    /** Colours stay as they are. */
    public static final ColorJitter NONE = new ColorJitter(0, 0, 0);

    /** Refuses negative numbers. */
    public ColorJitter {
        if (!(brightness >= 0 && contrast >= 0 && saturation >= 0)) {
            throw new IllegalArgumentException(
                    "Cannot jitter colours: factors must not be negative: brightness=%s contrast=%s saturation=%s"
                            .formatted(brightness, contrast, saturation));
        }
    }

    boolean isNone() {
        return equals(NONE);
    }
}
