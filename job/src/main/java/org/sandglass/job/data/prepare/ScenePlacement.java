package org.sandglass.job.data.prepare;

import org.sandglass.ops.random.CounterRandom;

/**
 * Where something stands in a picture: pixels to the plane in which it has about the size of the unit circle.
 *
 * @param radius in pixels
 */
record ScenePlacement(double centreX, double centreY, double radius, double xx, double xy, double yx, double yy) {

    /**
     * Turned up to {@code maxTurn} either way, and stretched, up to {@code stretch} times longer in some direction than
     * across.
     */
    static ScenePlacement random(
            double x, double y, double radius, double maxTurn, double stretch, CounterRandom random) {
        double axis = random.nextDouble(0, 2 * Math.PI);
        double turn = random.nextDouble(-maxTurn, maxTurn);
        double ratio = StrictMath.exp(random.nextDouble(0, 0.5) * StrictMath.log(stretch));
        double along = ratio / radius;
        double across = 1 / (ratio * radius);
        double axisCos = StrictMath.cos(axis);
        double axisSin = StrictMath.sin(axis);
        double cos = StrictMath.cos(turn + axis);
        double sin = StrictMath.sin(turn + axis);
        return new ScenePlacement(
                x,
                y,
                radius,
                cos * along * axisCos + sin * across * axisSin,
                cos * along * axisSin - sin * across * axisCos,
                sin * along * axisCos - cos * across * axisSin,
                sin * along * axisSin + cos * across * axisCos);
    }

    ScenePlacement moved(double x, double y) {
        return new ScenePlacement(centreX + x, centreY + y, radius, xx, xy, yx, yy);
    }

    double planeX(double x, double y) {
        return (x - centreX) * xx + (y - centreY) * xy;
    }

    double planeY(double x, double y) {
        return (x - centreX) * yx + (y - centreY) * yy;
    }

    /** Whether a pixel may lie within {@code reach} unit circles. */
    boolean isNear(double x, double y, double reach) {
        double limit = radius * reach;
        return Math.abs(x - centreX) < limit && Math.abs(y - centreY) < limit;
    }
}
