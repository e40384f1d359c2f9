// The files that keep sign-ins are locked with a password: the page asks for it.

/// Asks for the password of the files that keep sign-ins.
struct StoreLockView: Sendable {
    let scene: PageScene

    var html: HTML {
        """
        <section class="needs" aria-labelledby="store-title"><header><h2 id="store-title">The sign-ins are locked</h2></header>\
        <form class="unlock" method="post" action="/ui/store/open">\(Form.token(scene))\
        <label for="password">Password of the encrypted files <small>omlx keeps it in memory only</small></label>\
        <div class="line"><input id="password" name="password" type="password" required autocomplete="off">\
        <button class="primary">Unlock</button></div></form></section>
        """
    }
}
